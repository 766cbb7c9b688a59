package dev.lockstep.trainer.control;

import dev.lockstep.ps.client.AbortSignal;
import dev.lockstep.ps.transport.NodeAddress;
import dev.lockstep.ps.transport.rpc.DaemonThreads;
import dev.lockstep.ps.transport.rpc.MessageConnector;
import dev.lockstep.ps.transport.rpc.MessageLink;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import dev.lockstep.trainer.plan.CheckpointClock;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkEnv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's connection to the driver. Lives in an executor. One report is on its way at a time, so
 * that they arrive in order; sending waits for the one before, never for its own answer.
 */
public final class DriverLink implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(DriverLink.class);
  private static final Duration LONGEST = Duration.ofSeconds(60);
  private static final Duration LONGEST_ON_THE_WAY_OUT = Duration.ofSeconds(2);
  private static final Duration ALIVE_EVERY = Duration.ofSeconds(1);

  private final MessageConnector connector;
  private final MessageLink link;
  private final int worker;
  private final ScheduledExecutorService heartbeat;
  private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

  private DriverLink(MessageConnector connector, MessageLink link, int worker, String host) {
    this.connector = connector;
    this.link = link;
    this.worker = worker;
    this.heartbeat =
        Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("lockstep-alive-" + worker));
    WorkerReport.Alive alive = new WorkerReport.Alive(worker, SparkEnv.get().executorId(), host);
    Future<?> unused =
        heartbeat.scheduleAtFixedRate(
            () -> beat(link, alive), 0, ALIVE_EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** An unanswered beat needs no answer: the driver hears the silence. */
  private static void beat(MessageLink link, WorkerReport.Alive alive) {
    CompletableFuture<Void> unused = link.request(alive.encode(), answer -> null);
  }

  /**
   * Connects.
   *
   * @throws IOException if the driver cannot be reached from this executor
   */
  public static DriverLink open(NodeAddress driver, String token, int worker)
      throws IOException, InterruptedException {
    TransportSettings settings = TransportSettings.of(SparkEnv.get());
    MessageConnector connector = new MessageConnector(settings);
    try {
      MessageLink link = connector.connect(driver.host(), driver.port(), token);
      return new DriverLink(connector, link, worker, settings.endpoint().host());
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
  public synchronized void report(WorkerReport report) {
    awaitLast(LONGEST);
    last = link.request(report.encode(), answer -> null);
  }

  /**
   * Introduces this worker and waits for the others.
   *
   * @param signal ends the wait
   * @param bound of the wait
   * @return of all workers, by worker
   * @throws InterruptedException if this thread is interrupted
   */
  public List<WorkerReport.Introduction> meet(
      WorkerReport.Introduction own, AbortSignal signal, Duration bound)
      throws InterruptedException {
    CompletableFuture<List<WorkerReport.Introduction>> answer;
    synchronized (this) {
      awaitLast(LONGEST);
      answer = link.request(own.encode(), Rendezvous::decode);
    }
    return signal.await(answer, bound, "the meeting of all " + own.workers() + " workers");
  }

  /**
   * Asks how to go on after an epoch, when all of it is reported. Blocks until every worker's part
   * of the validation has arrived.
   *
   * @param epochsTaken epochs completed so far
   * @param signal ends the wait
   * @param bound of the wait
   * @throws InterruptedException if this thread is interrupted
   */
  public EpochDecision decision(int epochsTaken, AbortSignal signal, Duration bound)
      throws InterruptedException {
    CompletableFuture<EpochDecision> answer;
    synchronized (this) {
      awaitLast(LONGEST);
      answer =
          link.request(
              new WorkerReport.AwaitsDecision(worker, epochsTaken).encode(), EpochDecision::decode);
    }
    return signal.await(answer, bound, "the driver's decision after epoch " + epochsTaken);
  }

  /**
   * Asks after which step the next checkpoint is taken, where that depends on the time.
   *
   * @param step steps of the run taken
   * @param signal ends the wait
   * @throws InterruptedException if this thread is interrupted
   */
  public CheckpointClock.Answer nextCheckpoint(long step, AbortSignal signal)
      throws InterruptedException {
    CompletableFuture<CheckpointClock.Answer> answer;
    synchronized (this) {
      awaitLast(LONGEST);
      answer =
          link.request(
              new WorkerReport.AwaitsCheckpoint(worker, step).encode(),
              bytes -> new CheckpointClock.Answer(bytes.getLong(), bytes.get() == 1));
    }
    return signal.await(answer, LONGEST, "the driver's next checkpoint after step " + step);
  }

  /** Sends a report if that is still possible; for the way out of a failure. */
  public synchronized void tryReport(WorkerReport report) {
    try {
      awaitLast(LONGEST_ON_THE_WAY_OUT);
      last = link.request(report.encode(), answer -> null);
      awaitLast(LONGEST_ON_THE_WAY_OUT);
    } catch (IllegalStateException e) {
      LOG.warn("not reported to the driver, {}: {}", e.getMessage(), report);
    }
  }

  private void awaitLast(Duration longest) {
    try {
      last.get(longest.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the driver did not take a report", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while reporting to the driver", e);
    }
  }

  /** Waits for the last beat, so that none meets a closed connection. */
  private void stopPulse() {
    heartbeat.shutdown();
    try {
      if (!heartbeat.awaitTermination(LONGEST_ON_THE_WAY_OUT.toMillis(), TimeUnit.MILLISECONDS)) {
        heartbeat.shutdownNow();
      }
    } catch (InterruptedException e) {
      heartbeat.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public synchronized void close() {
    try {
      stopPulse();
      report(new WorkerReport.Left(worker));
      awaitLast(LONGEST);
    } catch (IllegalStateException e) {
      LOG.warn("worker {} leaves without a word to the driver: {}", worker, e.getMessage());
    } finally {
      last = CompletableFuture.completedFuture(null);
      link.close();
      connector.close();
    }
  }
}
