package dev.lockstep.trainer.plan;

import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.trainer.loop.StepSchedule;
import java.util.Locale;

/**
 * What a run will hold in memory, computed before it starts. Amounts are bytes; activations inside
 * DL4J are not in them.
 *
 * @param workerHeap of one worker: θ, vectors of sums, local parameters and optimizer state in mode
 *     {@code averaging}, residuals of compressed gradients, copies of what its virtual workers keep
 *     while a checkpoint is written, examples read ahead
 * @param workerOffHeap of one worker's replica: θ and the gradient view
 * @param serversHeap of all parameter servers together: parameters, optimizer state, gradients in
 *     flight, a copy of the first two while a checkpoint is written
 * @param executorHeap of each executor besides: what the run started from
 */
public record MemoryPlan(long workerHeap, long workerOffHeap, long serversHeap, long executorHeap) {

  /**
   * Computes the amounts.
   *
   * @param plan what is updated where
   * @param schedule of steps and rounds
   * @param virtualWorkers V
   * @param workers W
   * @param readAhead bytes of examples that one worker holds
   */
  public static MemoryPlan of(
      ModePlan plan, StepSchedule schedule, int virtualWorkers, int workers, long readAhead) {
    UpdatePlan server = plan.server();
    long parameters = (long) Float.BYTES * plan.model().layout().parameters();
    long pushed = (long) Float.BYTES * server.layout().parameters();
    int perWorker = (virtualWorkers + workers - 1) / workers;
    // While one sum is on its way the next is computed.
    int sums = ceilLog2(perWorker) + (perWorker > 1 ? 3 : 2);
    long micro = schedule.accumulate() > 1 ? parameters : 0;
    return new MemoryPlan(
        pushed * (1 + sums)
            + micro
            + localBytes(plan, perWorker, parameters)
            + residualBytes(plan, perWorker, parameters)
            + copiedBytes(plan, perWorker, parameters)
            + readAhead,
        2 * parameters,
        pushed * (2 * (1L + server.stateVectors()) + virtualWorkers),
        pushed * (1L + (plan.keepsState() ? plan.model().stateVectors() : server.stateVectors())));
  }

  /** Of virtual workers that take their own steps: θ_v, its gradient, optimizer state. */
  private static long localBytes(ModePlan plan, int perWorker, long parameters) {
    if (!plan.averages()) {
      return 0;
    }
    int optimizers = plan.keepsState() ? perWorker : 1;
    return parameters * (2L + (long) optimizers * plan.model().stateVectors());
  }

  /** Of virtual workers that keep back elements, and of what it takes to choose them. */
  private static long residualBytes(ModePlan plan, int perWorker, long parameters) {
    return plan.compression().keepsResiduals() ? parameters * (1L + perWorker) : 0;
  }

  /** Of what virtual workers keep for themselves, while a checkpoint is written. */
  private static long copiedBytes(ModePlan plan, int perWorker, long parameters) {
    if (plan.keepsState()) {
      return parameters * perWorker * plan.model().stateVectors();
    }
    return plan.compression().keepsResiduals() ? parameters * perWorker : 0;
  }

  /** One line for people. */
  public String describe(int workers) {
    return String.format(
        Locale.ROOT,
        "memory: each of %d worker%s %s heap and %s off-heap besides activations; parameter"
            + " servers %s heap together; each executor %s for the start",
        workers,
        workers == 1 ? "" : "s",
        megabytes(workerHeap),
        megabytes(workerOffHeap),
        megabytes(serversHeap),
        megabytes(executorHeap));
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }

  private static int ceilLog2(int value) {
    return 32 - Integer.numberOfLeadingZeros(value - 1);
  }
}
