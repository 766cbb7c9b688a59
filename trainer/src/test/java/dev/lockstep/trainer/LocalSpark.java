package dev.lockstep.trainer;

import dev.lockstep.trainer.cli.SparkSessions;
import dev.lockstep.trainer.numeric.NumericProfile;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Spark inside this JVM, as {@code lockstep} sets it up, without its pages. */
public final class LocalSpark {

  private LocalSpark() {}

  /**
   * Starts it.
   *
   * @param master such as {@code local[3]}
   */
  public static JavaSparkContext on(String master) {
    SparkConf conf =
        new SparkConf()
            .setMaster(master)
            .setAppName("lockstep test")
            .set("spark.ui.enabled", "false");
    return new JavaSparkContext(SparkSessions.configure(conf, NumericProfile.AVX2));
  }
}
