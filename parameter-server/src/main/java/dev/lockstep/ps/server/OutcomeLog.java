package dev.lockstep.ps.server;

import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.RefusedException;
import dev.lockstep.ps.protocol.StepOutcome;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * Outcomes of the latest steps. All frames have the same, so one frame of the whole attempt keeps
 * them: frame 0 of the first shard that has one. Guarded by that frame's monitor.
 */
final class OutcomeLog {

  /** More than any worker can be behind the others between two steps that all wait for. */
  private static final int KEPT = 1 << 16;

  private final boolean keeps;
  private final Deque<StepOutcome> latest = new ArrayDeque<>();

  private OutcomeLog(boolean keeps) {
    this.keeps = keeps;
  }

  /** The log of a shard. */
  static OutcomeLog of(ShardSpec spec) {
    return new OutcomeLog(spec.layout().keeperOfOutcomes() == spec.shard());
  }

  /** Whether a frame of this shard is the one that keeps outcomes. */
  boolean keeps(int frame) {
    return keeps && frame == 0;
  }

  void add(int frame, StepOutcome outcome) {
    if (keeps(frame)) {
      if (latest.size() == KEPT) {
        latest.removeFirst();
      }
      latest.addLast(outcome);
    }
  }

  List<StepOutcome> since(int frame, Pull pull) {
    if (pull.outcomesFrom() == Pull.NO_OUTCOMES) {
      return List.of();
    }
    if (!keeps(frame)) {
      throw new RefusedException(
          "pull of frame " + frame + " refused: outcomes are kept by the first frame of all");
    }
    if (!latest.isEmpty()
        && latest.size() == KEPT
        && latest.getFirst().step() > pull.outcomesFrom()) {
      throw new RefusedException(
          "pull refused: outcomes of step "
              + pull.outcomesFrom()
              + " are gone, the oldest are of step "
              + latest.getFirst().step());
    }
    Deque<StepOutcome> wanted = new ArrayDeque<>();
    Iterator<StepOutcome> backwards = latest.descendingIterator();
    while (backwards.hasNext()) {
      StepOutcome outcome = backwards.next();
      if (outcome.step() < pull.outcomesFrom()) {
        break;
      }
      wanted.addFirst(outcome);
    }
    return wanted.stream().limit(Pull.MOST_OUTCOMES).toList();
  }
}
