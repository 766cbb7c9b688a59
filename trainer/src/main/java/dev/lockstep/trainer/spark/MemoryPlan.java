package dev.lockstep.trainer.spark;

import java.util.Locale;

/**
 * What a run will hold in memory, computed before it starts. Amounts are bytes; activations inside
 * DL4J are not in them.
 *
 * @param workerHeap of one worker: θ, gradient vectors, examples read ahead
 * @param workerOffHeap of one worker's replica: θ and the gradient view
 * @param serversHeap of all parameter servers together: parameters, optimizer state, gradients in
 *     flight
 * @param executorHeap of each executor besides: what the run started from
 */
public record MemoryPlan(long workerHeap, long workerOffHeap, long serversHeap, long executorHeap) {

  /**
   * Computes the amounts.
   *
   * @param parameters P
   * @param stateVectors of the optimizer, for each parameter
   * @param virtualWorkers V
   * @param workers W
   * @param readAhead bytes of examples that one worker holds
   */
  public static MemoryPlan of(
      int parameters, int stateVectors, int virtualWorkers, int workers, long readAhead) {
    long vector = (long) Float.BYTES * parameters;
    int perWorker = (virtualWorkers + workers - 1) / workers;
    int gradients = ceilLog2(perWorker) + 2;
    return new MemoryPlan(
        vector * (1 + gradients) + readAhead,
        2 * vector,
        vector * (1L + stateVectors + virtualWorkers),
        vector * (1L + stateVectors));
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
