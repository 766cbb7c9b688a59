package dev.lockstep.trainer.cli;

import dev.lockstep.trainer.cluster.Preflight;
import dev.lockstep.trainer.numeric.NumericProfile;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** Starts the Spark session of a command, with the settings that training wants. */
public final class SparkSessions {

  /** The launcher says here which numeric profile it has set up. */
  static final String PROFILE_VARIABLE = "LOCKSTEP_NUMERIC_PROFILE";

  private SparkSessions() {}

  /**
   * A session for a command. What spark-submit or the user set stays; without a master it runs in
   * this process on all cores.
   *
   * @param command shown in Spark's own user interface
   * @param profile put into the executors' environment
   */
  public static SparkSession open(String command, NumericProfile profile) {
    Preflight.requireNatives();
    SparkConf conf = new SparkConf();
    conf.setIfMissing("spark.master", "local[*]");
    conf.setIfMissing("spark.app.name", "lockstep " + command);
    configure(conf, profile);
    if (conf.get("spark.master").startsWith("local[")) {
      conf.setIfMissing("spark.ui.enabled", "false");
    }
    return SparkSession.builder().config(conf).getOrCreate();
  }

  /**
   * Adds what training needs and what spares long waits, where the user has not set it.
   *
   * @return {@code conf}
   */
  public static SparkConf configure(SparkConf conf, NumericProfile profile) {
    profile
        .environment()
        .forEach((name, value) -> conf.setIfMissing("spark.executorEnv." + name, value));
    // Slots that are merely not registered yet are asked for again after this long, not after 15 s.
    conf.setIfMissing("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s");
    // The default is a year.
    conf.setIfMissing("spark.barrier.sync.timeout", "300");
    conf.setIfMissing("spark.locality.wait", "0s");
    conf.setIfMissing("spark.ui.showConsoleProgress", "false");
    return conf;
  }
}
