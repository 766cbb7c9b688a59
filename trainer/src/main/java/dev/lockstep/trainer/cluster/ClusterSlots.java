package dev.lockstep.trainer.cluster;

import dev.lockstep.trainer.config.TrainingException;
import java.time.Duration;
import java.util.Locale;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkExecutorInfo;

/** How many tasks the cluster can run at once. Lives on the driver. */
public final class ClusterSlots {

  /** Executors of one cluster register within about this long of each other. */
  private static final Duration QUIET = Duration.ofSeconds(3);

  private static final Duration POLL = Duration.ofMillis(200);

  private ClusterSlots() {}

  /**
   * Waits for slots: for {@code wanted} of them, or, where that is 0, until there are {@code
   * enough}, or at least {@code least} and their number has not grown for a few seconds.
   *
   * @return the number of workers to launch
   * @throws TrainingException if the slots do not come in time
   */
  public static int await(SparkContext spark, int wanted, int least, int enough, Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    int best = 0;
    long grewAt = System.nanoTime();
    while (true) {
      int slots =
          spark.maxNumConcurrentTasks(spark.resourceProfileManager().defaultResourceProfile());
      long now = System.nanoTime();
      if (slots > best) {
        best = slots;
        grewAt = now;
      }
      if (wanted > 0 ? slots >= wanted : slots >= enough) {
        return wanted > 0 ? wanted : enough;
      }
      boolean settled = spark.isLocal() || now - grewAt >= QUIET.toNanos();
      if (wanted == 0 && slots >= least && settled) {
        return slots;
      }
      boolean hopeless = spark.isLocal();
      if (now >= deadline || hopeless) {
        throw new TrainingException(
            String.format(
                Locale.ROOT,
                "%s=%d > slots=%d of %s%s: lower %s or give the application more executors or"
                    + " cores",
                wanted > 0 ? "workers" : "minWorkers",
                wanted > 0 ? wanted : least,
                slots,
                spark.master(),
                hopeless ? "" : " after " + timeout.toSeconds() + " s",
                wanted > 0 ? "--workers" : "--min-workers"));
      }
      pause();
    }
  }

  /**
   * Waits for slots that no task has, after an attempt has failed: for {@code enough} of them, or
   * at least {@code least} when their number has not grown for a few seconds. A lost executor may
   * be replaced by then; one that hangs keeps its slots busy.
   *
   * @return the number of workers to launch
   * @throws TrainingException if the slots do not come in time
   */
  public static int awaitFree(SparkContext spark, int enough, int least, Duration timeout) {
    long began = System.nanoTime();
    int best = 0;
    long grewAt = began;
    while (true) {
      if (spark.isStopped()) {
        throw new TrainingException("the Spark application was stopped while training");
      }
      int slots = free(spark);
      long now = System.nanoTime();
      if (slots > best) {
        best = slots;
        grewAt = now;
      }
      if (slots >= enough) {
        return enough;
      }
      if (slots >= least && now - grewAt >= QUIET.toNanos()) {
        return slots;
      }
      if (now - began >= timeout.toNanos()) {
        throw new TrainingException(
            String.format(
                Locale.ROOT,
                "minWorkers=%d > free slots=%d of %s after %d s: the newest complete checkpoint"
                    + " stays; give the application executors and run the same command again, or"
                    + " lower --min-workers",
                least,
                slots,
                spark.master(),
                timeout.toSeconds()));
      }
      pause();
    }
  }

  private static int free(SparkContext spark) {
    int slots =
        spark.maxNumConcurrentTasks(spark.resourceProfileManager().defaultResourceProfile());
    for (SparkExecutorInfo executor : spark.statusTracker().getExecutorInfos()) {
      slots -= executor.numRunningTasks();
    }
    return slots;
  }

  private static void pause() {
    try {
      Thread.sleep(POLL.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainingException("interrupted while waiting for slots", e);
    }
  }
}
