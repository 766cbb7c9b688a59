package dev.lockstep.trainer.spark;

import java.time.Duration;
import java.util.Locale;
import org.apache.spark.SparkContext;

/** How many tasks the cluster can run at once. Lives on the driver. */
final class ClusterSlots {

  /** Executors of one cluster register within about this long of each other. */
  private static final Duration QUIET = Duration.ofSeconds(3);

  private static final Duration POLL = Duration.ofMillis(200);

  private ClusterSlots() {}

  /**
   * Waits for slots: for {@code wanted} of them, or, where that is 0, until there are {@code
   * enough} or their number has not grown for a few seconds.
   *
   * @return the number of workers to launch
   * @throws TrainingException if the slots do not come in time
   */
  static int await(SparkContext spark, int wanted, int enough, Duration timeout) {
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
      if (wanted == 0 && best > 0 && slots > 0 && settled) {
        return slots;
      }
      boolean hopeless = wanted > 0 && spark.isLocal();
      if (now >= deadline || hopeless) {
        throw new TrainingException(
            String.format(
                Locale.ROOT,
                "workers=%d > slots=%d of %s%s: lower --workers or give the application more"
                    + " executors or cores",
                Math.max(1, wanted),
                slots,
                spark.master(),
                hopeless ? "" : " after " + timeout.toSeconds() + " s"));
      }
      try {
        Thread.sleep(POLL.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new TrainingException("interrupted while waiting for slots", e);
      }
    }
  }
}
