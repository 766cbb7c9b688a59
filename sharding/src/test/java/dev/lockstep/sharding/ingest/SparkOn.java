package dev.lockstep.sharding.ingest;

import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Spark contexts for tests. */
public final class SparkOn {

  private SparkOn() {}

  public static JavaSparkContext master(String master) {
    return master(master, Map.of());
  }

  public static JavaSparkContext master(String master, Map<String, String> settings) {
    SparkConf conf =
        new SparkConf()
            .setMaster(master)
            .setAppName("sharding tests")
            .set("spark.ui.enabled", "false")
            .set("spark.driver.host", "127.0.0.1");
    settings.forEach(conf::set);
    return new JavaSparkContext(conf);
  }
}
