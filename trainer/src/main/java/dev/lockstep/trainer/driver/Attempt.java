package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.cluster.BarrierStage;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.control.AttemptFailedException;
import dev.lockstep.trainer.control.DriverEndpoint;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.control.WorkerResult;
import dev.lockstep.trainer.worker.TrainingTask;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt of a run on the cluster, followed by the driver until all workers are done or one is
 * lost. Lives on the driver; used once, by one thread, which blocks.
 */
final class Attempt {

  private static final Logger LOG = LoggerFactory.getLogger(Attempt.class);

  /** How long reports may trail the end of the stage. */
  private static final Duration LAST_REPORTS = Duration.ofSeconds(15);

  /** How long a worker's reason may trail the failure of the stage. */
  private static final Duration FIRST_REASON = Duration.ofSeconds(2);

  /** How long other workers' reasons may trail the first. */
  private static final Duration FURTHER_REASONS = Duration.ofMillis(300);

  private static final Duration POLL = Duration.ofMillis(50);

  private static final List<String> GROUP_PROPERTIES =
      List.of("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel");

  private final JavaSparkContext spark;
  private final WorkerAssignment assignment;
  private final DriverEndpoint endpoint;
  private final RunTracker tracker;

  /**
   * Starts nothing yet.
   *
   * @param endpoint of this attempt alone, so that workers of another one find nobody to talk to
   * @param tracker has begun with the assignment
   */
  Attempt(
      JavaSparkContext spark,
      WorkerAssignment assignment,
      DriverEndpoint endpoint,
      RunTracker tracker) {
    this.spark = spark;
    this.assignment = assignment;
    this.endpoint = endpoint;
    this.tracker = tracker;
  }

  /**
   * Runs the stage to its end, writing down reports as they come.
   *
   * @param started called when all workers have met
   * @throws AttemptFailedException if a checkpoint was lost that the attempt must have written
   * @throws TrainingException if it failed in a way that would recur
   * @throws IOException if what is reported cannot be written down
   */
  AttemptOutcome run(Runnable started) throws IOException {
    String group =
        "lockstep-" + assignment.attempt().id().run() + "-" + assignment.attempt().id().attempt();
    JavaFutureAction<List<WorkerResult>> stage = submit(group);
    try {
      return follow(stage, started);
    } finally {
      if (!stage.isDone()) {
        spark.sc().cancelJobGroup(group);
      }
    }
  }

  /** In a job group of its own, whose tasks are interrupted when it is cancelled. */
  private JavaFutureAction<List<WorkerResult>> submit(String group) {
    Map<String, String> callers = new LinkedHashMap<>();
    for (String key : GROUP_PROPERTIES) {
      callers.put(key, spark.getLocalProperty(key));
    }
    spark.setJobGroup(group, "Lockstep training " + assignment.attempt().id().run(), true);
    try {
      return BarrierStage.submit(
          spark, assignment.attempt().workers(), new TrainingTask(assignment));
    } finally {
      callers.forEach(spark::setLocalProperty);
    }
  }

  private AttemptOutcome follow(JavaFutureAction<List<WorkerResult>> stage, Runnable started)
      throws IOException {
    Duration startTimeout = assignment.config().cluster().startTimeout();
    long startDeadline = System.nanoTime() + startTimeout.toNanos();
    long lastReports = Long.MAX_VALUE;
    boolean announced = false;
    WorkerLiveness liveness =
        new WorkerLiveness(assignment.config().cluster().peerTimeout(), System.nanoTime());
    while (true) {
      WorkerReport report = endpoint.poll(POLL);
      if (report != null) {
        liveness.accept(report, System.nanoTime());
        tracker.accept(report);
      } else if (stage.isDone()) {
        AttemptOutcome outcome = outcomeOf(stage);
        if (tracker.isComplete() || !(outcome instanceof AttemptOutcome.Completed)) {
          return outcome;
        }
        lastReports = Math.min(lastReports, System.nanoTime() + LAST_REPORTS.toNanos());
        if (System.nanoTime() > lastReports) {
          return failed(
              "the workers finished, but not all of their reports arrived within "
                  + LAST_REPORTS.toSeconds()
                  + " s");
        }
      } else {
        Optional<String> silent = liveness.silent(System.nanoTime());
        if (silent.isPresent()) {
          return failed("training failed: " + silent.get());
        }
      }
      if (!announced && tracker.allStarted()) {
        announced = true;
        started.run();
      }
      if (!announced && System.nanoTime() > startDeadline) {
        String late =
            String.format(
                Locale.ROOT,
                "workers=%d did not all start within startTimeout=%d s: slots are busy or"
                    + " executors cannot reach the driver at %s; free slots, lower --workers, or"
                    + " raise --start-timeout",
                assignment.attempt().workers(),
                startTimeout.toSeconds(),
                assignment.attempt().driver());
        // Where none has ever started, another attempt would wait for the same.
        if (!tracker.hasBegun()) {
          throw new TrainingException(late);
        }
        return failed(late);
      }
    }
  }

  private static AttemptOutcome failed(String reason) {
    return new AttemptOutcome.Failed(reason, null);
  }

  private AttemptOutcome outcomeOf(JavaFutureAction<List<WorkerResult>> stage) throws IOException {
    try {
      return new AttemptOutcome.Completed(stage.get(1, TimeUnit.MINUTES));
    } catch (ExecutionException e) {
      awaitReasons();
      String text = FailureText.of(tracker.started(), tracker.failures(), e.getCause());
      if (tracker.nonFinite().isPresent()) {
        return new AttemptOutcome.NonFiniteGradient(
            tracker.nonFinite().get().step(), text, e.getCause());
      }
      if (tracker.damaged().isPresent()) {
        WorkerReport.DamagedCheckpoint found = tracker.damaged().get();
        return new AttemptOutcome.DamagedCheckpoint(found.step(), found.reason());
      }
      boolean recurs =
          tracker.failures().stream()
              .anyMatch(failed -> failed.outlook() == WorkerReport.Outlook.RECURS);
      if (recurs) {
        throw new TrainingException(text, e.getCause());
      }
      return new AttemptOutcome.Failed(text, e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainingException("interrupted while training", e);
    } catch (TimeoutException e) {
      return new AttemptOutcome.Failed(
          "results of a finished stage did not arrive within 1 min", e);
    }
  }

  /** Spark may know of a lost executor before the others have noticed and said so. */
  private void awaitReasons() throws IOException {
    long deadline = System.nanoTime() + FIRST_REASON.toNanos();
    boolean heard = false;
    while (System.nanoTime() < deadline
        && tracker.failures().size() < assignment.attempt().workers()) {
      WorkerReport report = endpoint.poll(POLL);
      if (report != null) {
        LOG.debug("after the failure: {}", report);
        tracker.accept(report);
      }
      if (!heard && !tracker.failures().isEmpty()) {
        heard = true;
        deadline = Math.min(deadline, System.nanoTime() + FURTHER_REASONS.toNanos());
      }
    }
  }
}
