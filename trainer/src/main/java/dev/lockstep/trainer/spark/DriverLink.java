package dev.lockstep.trainer.spark;

import dev.lockstep.ps.transport.MessageConnector;
import dev.lockstep.ps.transport.MessageLink;
import dev.lockstep.ps.transport.NodeAddress;
import dev.lockstep.ps.transport.TransportSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkEnv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's connection to the driver. Lives in an executor. One report is on its way at a time, so
 * that they arrive in order; sending waits for the one before, never for its own answer.
 */
final class DriverLink implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(DriverLink.class);
  private static final Duration LONGEST = Duration.ofSeconds(15);

  private final MessageConnector connector;
  private final MessageLink link;
  private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

  private DriverLink(MessageConnector connector, MessageLink link) {
    this.connector = connector;
    this.link = link;
  }

  /**
   * Connects.
   *
   * @throws IOException if the driver cannot be reached from this executor
   */
  static DriverLink open(NodeAddress driver, String token)
      throws IOException, InterruptedException {
    MessageConnector connector = new MessageConnector(TransportSettings.of(SparkEnv.get()));
    try {
      return new DriverLink(connector, connector.connect(driver.host(), driver.port(), token));
    } catch (IOException e) {
      connector.close();
      throw new IOException(
          "this executor cannot reach the driver at "
              + driver
              + ": "
              + e.getMessage()
              + "; set spark.driver.host to an address that executors reach, or open"
              + " spark.lockstep.driver.port",
          e);
    } catch (InterruptedException | RuntimeException e) {
      connector.close();
      throw e;
    }
  }

  /**
   * Sends a report.
   *
   * @throws IllegalStateException if the one before did not arrive
   */
  synchronized void report(WorkerReport report) {
    awaitLast();
    last = link.request(report.encode(), answer -> null);
  }

  /** Sends a report if that is still possible; for the way out of a failure. */
  void tryReport(WorkerReport report) {
    try {
      report(report);
      close();
    } catch (IllegalStateException e) {
      LOG.warn("not reported to the driver: {}", report, e);
    }
  }

  private void awaitLast() {
    try {
      last.get(LONGEST.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the driver did not take a report", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while reporting to the driver", e);
    }
  }

  @Override
  public synchronized void close() {
    try {
      awaitLast();
    } finally {
      last = CompletableFuture.completedFuture(null);
      link.close();
      connector.close();
    }
  }
}
