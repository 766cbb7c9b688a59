package dev.lockstep.trainer.cluster;

import dev.lockstep.trainer.numeric.LoadedNatives;
import dev.lockstep.trainer.numeric.NumericProfile;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;

/** Checks of a Spark context, on the driver, before anything is launched. */
public final class Preflight {

  private static final String EXECUTOR_ENVIRONMENT = "spark.executorEnv.";

  private Preflight() {}

  /**
   * Requires what a training needs of its Spark context.
   *
   * @throws UnfitSparkException naming the setting, its value and the remedy
   */
  public static void requireFit(SparkContext spark, NumericProfile profile) {
    requireFit(spark.conf(), System.getenv(), profile);
    try {
      // The driver makes the initial parameters, so its natives count too.
      LoadedNatives.of(profile);
    } catch (IllegalStateException e) {
      throw new UnfitSparkException(e.getMessage());
    }
  }

  /**
   * Requires native libraries on the driver's class path, before ND4J is first used.
   *
   * @throws UnfitSparkException naming the remedy
   */
  public static void requireNatives() {
    try {
      LoadedNatives.requireOnClassPath();
    } catch (IllegalStateException e) {
      throw new UnfitSparkException(e.getMessage());
    }
  }

  /**
   * The same of a context's settings.
   *
   * @param driver environment of this JVM
   */
  public static void requireFit(
      SparkConf conf, Map<String, String> driver, NumericProfile profile) {
    try {
      profile.verify(driver);
    } catch (IllegalStateException e) {
      throw new UnfitSparkException(e.getMessage());
    }
    String master = conf.get("spark.master");
    if (!master.equals("local") && !master.startsWith("local[")) {
      Map<String, String> executors = new LinkedHashMap<>();
      for (String name : profile.environment().keySet()) {
        if (conf.contains(EXECUTOR_ENVIRONMENT + name)) {
          executors.put(name, conf.get(EXECUTOR_ENVIRONMENT + name));
        }
      }
      if (!executors.equals(profile.environment())) {
        throw new UnfitSparkException(
            "spark.executorEnv="
                + executors
                + " of this Spark context != "
                + profile.environment()
                + " of numeric profile "
                + profile.name()
                + ": create the context with\n"
                + profile.executorSettings());
      }
    }
    if (conf.getBoolean("spark.dynamicAllocation.enabled", false)) {
      throw new UnfitSparkException(
          "spark.dynamicAllocation.enabled=true: Spark has no barrier stages then; create the"
              + " context with --conf spark.dynamicAllocation.enabled=false");
    }
  }
}
