package dev.lockstep.examples.lab;

import dev.lockstep.trainer.cli.SparkSessions;
import dev.lockstep.trainer.numeric.NumericProfile;
import java.io.IOException;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * A Spark session that starts when somebody first asks for it: not every example trains a model.
 * For use by one thread.
 */
final class LazySession implements Supplier<JavaSparkContext>, AutoCloseable {

  private final String command;
  private final NumericProfile profile;
  private SparkSession session;
  private JavaSparkContext context;

  /**
   * Nothing started yet.
   *
   * @param command shown in Spark's own user interface
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
