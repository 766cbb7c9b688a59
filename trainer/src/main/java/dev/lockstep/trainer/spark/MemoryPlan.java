package dev.lockstep.trainer.spark;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.config.TrainingConfig;
import java.util.List;
import java.util.Locale;

/**
 * What a run will hold in memory, computed before it starts. Amounts are bytes; activations inside
 * DL4J are not in them.
 *
 * @param workerHeap of one worker: θ, gradient vectors, micro-batches read ahead
 * @param workerOffHeap of one worker's replica: θ and the gradient view
 * @param serverHeap of one server: its parameter shard, optimizer state, gradients in flight
 */
public record MemoryPlan(long workerHeap, long workerOffHeap, long serverHeap) {

  /**
   * Computes the amounts.
   *
   * @param parameters P
   * @param stateVectors of the optimizer, for each parameter
   * @param workers W
   * @param servers S
   */
  public static MemoryPlan of(
      TrainingConfig config,
      List<TensorSpec> tensors,
      int parameters,
      int stateVectors,
      int workers,
      int servers) {
    long vector = (long) Float.BYTES * parameters;
    int perWorker = (config.virtualWorkers() + workers - 1) / workers;
    int gradients = ceilLog2(perWorker) + 2;
    long example = Float.BYTES * tensors.stream().mapToLong(TensorSpec::elements).sum();
    long window = example * Math.max(config.shuffleWindow(), config.batchSize());
    long ahead = example * config.batchSize() * 2L * perWorker;
    long shard = vector / servers;
    return new MemoryPlan(
        vector * (1 + gradients) + window * perWorker + ahead,
        2 * vector,
        shard * (1 + stateVectors + (long) config.virtualWorkers()));
  }

  /** Two lines for people. */
  public String describe(int workers, int servers) {
    return String.format(
        Locale.ROOT,
        "memory: %d worker%s x (%s heap + %s off-heap + activations), %d server%s x %s heap",
        workers,
        workers == 1 ? "" : "s",
        megabytes(workerHeap),
        megabytes(workerOffHeap),
        servers,
        servers == 1 ? "" : "s",
        megabytes(serverHeap));
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }

  private static int ceilLog2(int value) {
    return 32 - Integer.numberOfLeadingZeros(value - 1);
  }
}
