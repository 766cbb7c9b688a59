package dev.lockstep.trainer;

import dev.lockstep.trainer.cli.SparkSessions;
import dev.lockstep.trainer.numeric.NumericProfile;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The Spark of this module's tests: in this JVM, configured as {@code lockstep} configures it. A
 * JVM has at most one context, so what starts another one stops the shared one first.
 */
public final class LocalSpark {

  /** Slots of the shared context. */
  public static final int SLOTS = 4;

  private static JavaSparkContext shared;

  private LocalSpark() {}

  /** The context that all tests of this JVM share, started by the first. Nobody closes it. */
  public static synchronized JavaSparkContext shared() {
    if (shared == null || shared.sc().isStopped()) {
      shared = start("local[" + SLOTS + "]");
    }
    return shared;
  }

  /**
   * A context of the caller's own, who closes it.
   *
   * @param master such as {@code local[3]}
   */
  public static synchronized JavaSparkContext on(String master) {
    stopShared();
    return start(master);
  }

  /** Stops the shared context: for tests of what starts a context itself. */
  public static synchronized void stopShared() {
    if (shared != null) {
      shared.close();
      shared = null;
    }
  }

  private static JavaSparkContext start(String master) {
    SparkConf conf =
        new SparkConf()
            .setMaster(master)
            .setAppName("lockstep test")
            .set("spark.ui.enabled", "false");
    return new JavaSparkContext(SparkSessions.configure(conf, NumericProfile.AVX2));
  }
}
