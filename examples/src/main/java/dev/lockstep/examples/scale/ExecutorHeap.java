package dev.lockstep.examples.scale;

import dev.lockstep.trainer.report.page.Page;
import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The heap of one executor's JVM, as that JVM sees it. Crosses from executor to driver.
 *
 * @param executor Spark's id of it; {@code driver} in local mode, where both are one JVM
 * @param most bytes that the heap may grow to
 * @param peak bytes used at most since {@link #forget}, garbage not yet collected included: the sum
 *     of the peaks of the heap's pools, which need not have been at the same moment
 */
record ExecutorHeap(String executor, long most, long peak) implements Serializable {

  /** Tasks for each slot, so that no executor is passed over. */
  private static final int TASKS_OF_A_SLOT = 4;

  /** Begins anew to look for the peak, in every executor. */
  static void forget(JavaSparkContext spark) {
    int tasks = TASKS_OF_A_SLOT * spark.defaultParallelism();
    spark
        .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
        .foreach(
            task ->
                ManagementFactory.getMemoryPoolMXBeans().forEach(MemoryPoolMXBean::resetPeakUsage));
  }

  /** Of every executor that has a free slot, by id. */
  static List<ExecutorHeap> observe(JavaSparkContext spark) {
    int tasks = TASKS_OF_A_SLOT * spark.defaultParallelism();
    Map<String, ExecutorHeap> heaps = new TreeMap<>();
    for (ExecutorHeap each :
        spark
            .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
            .map(task -> ExecutorHeap.here())
            .collect()) {
      heaps.merge(each.executor(), each, (one, other) -> one.peak() > other.peak() ? one : other);
    }
    return List.copyOf(heaps.values());
  }

  /** The heaps beside the size of a dataset. */
  static Page.Table table(List<ExecutorHeap> heaps, long datasetBytes) {
    return new Page.Table(
        "Heap while training: the sum of the pools' peaks, garbage included",
        List.of("executor", "may grow to", "peak", "dataset"),
        heaps.stream()
            .map(
                each ->
                    List.of(
                        each.executor,
                        megabytes(each.most),
                        megabytes(each.peak),
                        megabytes(datasetBytes)))
            .toList());
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%,.0f MB", bytes / 1e6);
  }

  private static ExecutorHeap here() {
    long peak =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .mapToLong(pool -> pool.getPeakUsage().getUsed())
            .sum();
    return new ExecutorHeap(SparkEnv.get().executorId(), Runtime.getRuntime().maxMemory(), peak);
  }
}
