package dev.lockstep.examples.lab;

import dev.lockstep.trainer.cli.SparkSessions;
import dev.lockstep.trainer.numeric.NumericProfile;
import java.io.IOException;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** A Spark session that the first {@code get} starts: not every example trains. Not thread-safe. */
final class LazySession implements Supplier<JavaSparkContext>, AutoCloseable {

  private final String command;
  private final NumericProfile profile;
  private SparkSession session;
  private JavaSparkContext context;

  /**
   * Starts nothing yet.
   *
   * @param command shown in Spark's web interface
   */
  LazySession(String command, NumericProfile profile) {
    this.command = command;
    this.profile = profile;
  }

  @Override
  public JavaSparkContext get() {
    if (session == null) {
      session = SparkSessions.open(command, profile);
      context = new JavaSparkContext(session.sparkContext());
    }
    return context;
  }

  @Override
  public void close() throws IOException {
    if (session != null) {
      session.close();
    }
  }
}
