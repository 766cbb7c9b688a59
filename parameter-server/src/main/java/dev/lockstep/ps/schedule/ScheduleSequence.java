package dev.lockstep.ps.schedule;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * Schedules one after another; each counts from its own start, as in PyTorch's {@code
 * SequentialLR}: warm-up, then cosine. A single part is a schedule that begins later.
 *
 * @param parts at least one, in the order of their starts; the first one also serves times before
 *     its start, which it sees as 0
 */
public record ScheduleSequence(List<Part> parts) implements Schedule {

  /**
   * One schedule and when it begins. Both counts are given, because the schedule may count the one
   * and the part before it the other.
   *
   * @param iteration optimizer steps taken when it begins
   * @param epoch epochs completed when it begins
   * @param schedule sees {@code iteration} and {@code epoch} as 0
   */
  public record Part(long iteration, int epoch, Schedule schedule) implements Serializable {

    /** Checks the start. */
    public Part {
      Objects.requireNonNull(schedule, "schedule");
      if (iteration < 0 || epoch < 0) {
        throw new IllegalArgumentException(
            "schedule part begins at iteration=%d epoch=%d: both must be >= 0"
                .formatted(iteration, epoch));
      }
    }

    private double at(long iteration, int epoch) {
      return schedule.at(Math.max(0, iteration - this.iteration), Math.max(0, epoch - this.epoch));
    }
  }

  /** Checks the order. */
  public ScheduleSequence {
    parts = List.copyOf(parts);
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("schedule parts=[] must not be empty: give one");
    }
    for (int i = 1; i < parts.size(); i++) {
      if (parts.get(i).iteration < parts.get(i - 1).iteration) {
        throw new IllegalArgumentException(
            "schedule part %d begins at iteration %d < %d of the part before it: order them"
                .formatted(i + 1, parts.get(i).iteration, parts.get(i - 1).iteration));
      }
    }
  }

  @Override
  public double at(long iteration, int epoch) {
    int current = 0;
    while (current + 1 < parts.size() && parts.get(current + 1).iteration <= iteration) {
      current++;
    }
    return parts.get(current).at(iteration, epoch);
  }
}
