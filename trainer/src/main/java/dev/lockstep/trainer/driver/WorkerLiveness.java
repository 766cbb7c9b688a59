package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.control.WorkerReport;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Which workers have been heard of lately. Lives on the driver; used by one thread, with times from
 * {@link System#nanoTime}.
 */
final class WorkerLiveness {

  /** A gap between two looks that is the driver's own pause, not the workers'. */
  private static final long OWN_PAUSE = TimeUnit.SECONDS.toNanos(2);

  private final Duration longestSilence;
  private final Map<Integer, Heard> heard = new TreeMap<>();
  private long lookedAt;

  private record Heard(WorkerReport.Alive who, long at) {}

  WorkerLiveness(Duration longestSilence, long now) {
    this.longestSilence = longestSilence;
    this.lookedAt = now;
  }

  /** Takes note of a report. */
  void accept(WorkerReport report, long now) {
    if (report instanceof WorkerReport.Alive alive) {
      heard.put(alive.worker(), new Heard(alive, now));
    } else if (report instanceof WorkerReport.Left left) {
      heard.remove(left.worker());
    }
  }

  /** Looks for a worker that was heard of and has been silent for too long. */
  Optional<String> silent(long now) {
    if (now - lookedAt > OWN_PAUSE) {
      heard.replaceAll((worker, last) -> new Heard(last.who(), now));
    }
    lookedAt = now;
    for (Heard last : heard.values()) {
      if (now - last.at() > longestSilence.toNanos()) {
        return Optional.of(
            String.format(
                Locale.ROOT,
                "lost worker %d: executor %s on %s has been silent for %d s",
                last.who().worker(),
                last.who().executor(),
                last.who().host(),
                TimeUnit.NANOSECONDS.toSeconds(now - last.at())));
      }
    }
    return Optional.empty();
  }
}
