package dev.lockstep.trainer.cli;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.trainer.config.TrainingConfig;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.SparkConf;

/** Reads the file of {@code --config}, which is wanted before there is a Spark session. */
final class ConfigFile {
  private ConfigFile() {}

  /**
   * Sets what a JSON file says.
   *
   * @param location any Hadoop URI
   * @throws IllegalArgumentException if the file cannot be read or is not a configuration
   */
  static void read(String location, TrainingConfig.Builder config) throws IOException {
    AddressSecrets.requireNone("config", location);
    Path path = new Path(location);
    String json;
    try (InputStream in = path.getFileSystem(hadoop()).open(path)) {
      json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (FileNotFoundException
        | AccessControlException
        | UnsupportedFileSystemException e) { // also what a folder gives
      throw new IllegalArgumentException(
          "config=" + location + " cannot be read: name a JSON file with --config", e);
    }
    try {
      config.json(json);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("config=" + location + ": " + e.getMessage(), e);
    }
  }

  /** With what spark-submit was told as {@code spark.hadoop.…}. */
  private static Configuration hadoop() {
    Configuration hadoop = new Configuration();
    Arrays.stream(new SparkConf().getAllWithPrefix("spark.hadoop."))
        .forEach(setting -> hadoop.set(setting._1(), setting._2()));
    return hadoop;
  }
}
