package dev.lockstep.trainer.plan;

import dev.lockstep.trainer.config.CheckpointConfig;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.loop.StepSchedule;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Decides after which steps checkpoints are taken that come every so many minutes. Time is measured
 * here alone, and every worker asks after the same steps and hears the same: the next step after
 * which to ask, and whether a checkpoint is taken there. Lives on the driver, one for each attempt;
 * thread-safe.
 *
 * <p>The way to the next question is at most twice the way so far, so that the speed is known
 * before a long way is planned with it; the end of a way that is long enough is a checkpoint.
 */
public final class CheckpointClock {

  private static final long FIRST_WAY = 1;

  private final Duration interval;
  private final StepSchedule schedule;
  private final Map<Long, Answer> answers = new HashMap<>();
  private long firstStep = -1;
  private long askedStep;
  private long askedAt;
  private long savedAt;
  private boolean saves;

  /**
   * Nothing was asked yet.
   *
   * @param interval between two checkpoints
   * @param schedule of the attempt: checkpoints are taken at the end of rounds
   */
  public CheckpointClock(Duration interval, StepSchedule schedule) {
    this.interval = interval;
    this.schedule = schedule;
  }

  /** The clock of an attempt; it is asked only if checkpoints are taken by time. */
  public static CheckpointClock of(CheckpointConfig config, StepSchedule schedule) {
    Optional<Duration> interval =
        Optional.ofNullable(config.every()).flatMap(CheckpointInterval::time);
    return new CheckpointClock(interval.orElse(Duration.ZERO), schedule);
  }

  /**
   * What a worker is told.
   *
   * @param step after which it asks again
   * @param takesCheckpoint whether a checkpoint is taken after that step
   */
  public record Answer(long step, boolean takesCheckpoint) {}

  /**
   * The answer after a step; the first worker to ask determines it.
   *
   * @param step steps of the run taken
   * @param now from {@link System#nanoTime}
   */
  public synchronized Answer after(long step, long now) {
    return answers.computeIfAbsent(step, asked -> decide(asked, now));
  }

  private Answer decide(long step, long now) {
    if (firstStep < 0) {
      firstStep = step;
      savedAt = now;
    } else if (saves) {
      savedAt = now;
    }
    long longest = FIRST_WAY + 2 * (step - firstStep);
    double left = wayLeft(step, now);
    saves = left <= longest;
    long wanted = step + (saves ? Math.max(1, Math.round(left)) : longest);
    askedStep = step;
    askedAt = now;
    return new Answer(schedule.isRoundStart(wanted) ? wanted : schedule.roundEnd(wanted), saves);
  }

  /** Steps until the next checkpoint is due, at the speed since the last question. */
  private double wayLeft(long step, long now) {
    if (step == firstStep) {
      return Double.POSITIVE_INFINITY;
    }
    double nanosAStep = (double) Math.max(1, now - askedAt) / (step - askedStep);
    return (interval.toNanos() - (now - savedAt)) / nanosAStep;
  }
}
