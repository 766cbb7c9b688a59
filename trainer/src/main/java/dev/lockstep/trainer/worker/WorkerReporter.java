package dev.lockstep.trainer.worker;

import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.trainer.control.DriverLink;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.loop.Round;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Reports a worker's steps to the driver, a few times a second: worker 0 those of the servers, in
 * mode {@code averaging} every worker its part of the local steps. Lives in an executor; used by
 * the worker's thread.
 */
final class WorkerReporter {

  private static final Duration REPORT_EVERY = Duration.ofMillis(250);

  private final WorkerAssignment assignment;
  private final int worker;
  private final DriverLink driver;
  private final List<WorkerReport.Step> unreported = new ArrayList<>();
  private final List<WorkerReport.LocalStep> unreportedLocal = new ArrayList<>();
  private long reportedAt = System.nanoTime();

  WorkerReporter(WorkerContext worker) {
    this.assignment = worker.assignment();
    this.worker = worker.number();
    this.driver = worker.driver();
  }

  void contributed(Round round, TreeNode node, long[] examples, double[] losses) {
    if (!assignment.plan().averages()) {
      return;
    }
    for (int i = 0; i < round.steps(); i++) {
      unreportedLocal.add(
          new WorkerReport.LocalStep(
              round.firstStep() + i + 1, node.level(), node.index(), examples[i], losses[i]));
    }
  }

  void roundTaken(Round round, List<StepOutcome> outcomes) {
    if (worker == 0) {
      outcomes.forEach(outcome -> note(round, outcome));
    }
    if (System.nanoTime() - reportedAt >= REPORT_EVERY.toNanos()) {
      flush();
    }
  }

  /** In mode {@code averaging} a server's step is a round, and the steps are reported by all. */
  private void note(Round round, StepOutcome outcome) {
    boolean averages = assignment.plan().averages();
    long stepsTaken = averages ? round.endStep() : assignment.clock().runStep(outcome.step()) + 1;
    Contribution total = outcome.total();
    if (total.nonFinite() != Contribution.FINITE) {
      driver.report(new WorkerReport.Skipped(stepsTaken, total.nonFinite()));
    }
    if (!averages) {
      unreported.add(
          new WorkerReport.Step(
              stepsTaken,
              assignment.schedule().epoch(stepsTaken - 1),
              total.examples(),
              total.lossSum(),
              outcome.gradientNorm()));
    }
  }

  /** Reports what was noted. */
  void flush() {
    if (!unreported.isEmpty()) {
      driver.report(new WorkerReport.Steps(List.copyOf(unreported)));
      unreported.clear();
    }
    if (!unreportedLocal.isEmpty()) {
      driver.report(new WorkerReport.LocalSteps(List.copyOf(unreportedLocal)));
      unreportedLocal.clear();
    }
    reportedAt = System.nanoTime();
  }
}
