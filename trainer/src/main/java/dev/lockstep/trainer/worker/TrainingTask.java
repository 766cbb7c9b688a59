package dev.lockstep.trainer.worker;

import dev.lockstep.ps.protocol.NonFiniteGradientException;
import dev.lockstep.ps.transport.ExecutorNode;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import dev.lockstep.trainer.checkpoint.DamagedFileException;
import dev.lockstep.trainer.cluster.BarrierStage;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.control.AttemptFailedException;
import dev.lockstep.trainer.control.DriverLink;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.control.WorkerResult;
import java.util.Optional;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskKilledException;

/**
 * One worker of one attempt: a barrier task. Built on the driver, runs in an executor.
 *
 * <p>It joins the executor's node, meets the other workers once to learn who serves which parameter
 * shard and that all compute alike, trains, and leaves after all have finished.
 */
public final class TrainingTask implements BarrierStage.Task<WorkerResult> {

  private static final long serialVersionUID = 1L;

  private final WorkerAssignment assignment;

  public TrainingTask(WorkerAssignment assignment) {
    this.assignment = assignment;
  }

  @Override
  public WorkerResult run(BarrierTaskContext context) throws Exception {
    int worker = context.partitionId();
    TransportSettings settings = TransportSettings.of(SparkEnv.get());
    try (DriverLink driver =
        DriverLink.open(assignment.attempt().driver(), assignment.attempt().secret(), worker)) {
      try (ExecutorNode node =
          ExecutorNode.acquire(
              assignment.attempt().id(),
              assignment.attempt().secret(),
              settings.withSilence(assignment.config().cluster().peerTimeout()))) {
        try {
          return new Worker(assignment, worker, driver, node).train();
        } catch (Throwable e) {
          report(e, context, worker, driver);
          node.abort(e);
          throw e;
        }
      } catch (IllegalStateException | IllegalArgumentException e) {
        report(e, context, worker, driver);
        throw e;
      }
    }
  }

  /** A task that Spark has killed fails for another one's reason. */
  private void report(Throwable e, BarrierTaskContext context, int worker, DriverLink driver) {
    if (!context.isInterrupted() && !(e instanceof TaskKilledException)) {
      nonFinite(e).ifPresent(driver::tryReport);
      damaged(e).ifPresent(driver::tryReport);
      driver.tryReport(
          new WorkerReport.Failed(
              worker,
              SparkEnv.get().executorId(),
              SparkEnv.get().blockManager().blockManagerId().host(),
              reason(e),
              outlook(e)));
    }
  }

  private Optional<WorkerReport.NonFinite> nonFinite(Throwable e) {
    for (Throwable one = e; one != null; one = one.getCause()) {
      if (one instanceof NonFiniteGradientException gradient) {
        return Optional.of(
            new WorkerReport.NonFinite(
                assignment.clock().runStep(gradient.step()), gradient.virtualWorker()));
      }
    }
    return Optional.empty();
  }

  private Optional<WorkerReport.DamagedCheckpoint> damaged(Throwable e) {
    for (Throwable one = e; one != null; one = one.getCause()) {
      if (one instanceof DamagedFileException) {
        return Optional.of(
            new WorkerReport.DamagedCheckpoint(assignment.start().step(), one.getMessage()));
      }
    }
    return Optional.empty();
  }

  /** A gradient or an arithmetic is the same in the next attempt. */
  private static WorkerReport.Outlook outlook(Throwable e) {
    for (Throwable one = e; one != null; one = one.getCause()) {
      boolean recurs =
          one instanceof NonFiniteGradientException
              || (one instanceof TrainingException && !(one instanceof AttemptFailedException));
      if (recurs) {
        return WorkerReport.Outlook.RECURS;
      }
    }
    return WorkerReport.Outlook.MAY_PASS;
  }

  private static String reason(Throwable e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
