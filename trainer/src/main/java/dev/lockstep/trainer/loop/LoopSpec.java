package dev.lockstep.trainer.loop;

import dev.lockstep.ps.protocol.Consistency;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import java.util.List;

/**
 * Which part of an attempt a worker computes.
 *
 * @param seed of the run
 * @param workers the virtual workers that it computes
 * @param syncPoints of the attempt
 * @param firstStep steps of the run taken before this attempt
 * @param prior training of the model before the run
 * @param consistency how old the parameters may be that a gradient is computed on
 * @param overlapDepth levels below the fewest possible subtrees at which sums are pushed
 */
public record LoopSpec(
    long seed,
    VirtualWorkers workers,
    SyncPoints syncPoints,
    long firstStep,
    PriorTraining prior,
    Consistency consistency,
    int overlapDepth) {

  /** Checks the ranges. */
  public LoopSpec {
    if (firstStep < 0 || syncPoints.lastStep() < firstStep || overlapDepth < 0) {
      throw new IllegalArgumentException(
          "steps [%d, %d), overlapDepth=%d must be a range and >= 0"
              .formatted(firstStep, syncPoints.lastStep(), overlapDepth));
    }
  }

  /**
   * A range of virtual workers.
   *
   * @param from first virtual worker
   * @param to one after the last
   * @param all virtual workers of the run, V
   */
  public record VirtualWorkers(int from, int to, int all) {

    /** Checks the range. */
    public VirtualWorkers {
      if (!(0 <= from && from < to && to <= all)) {
        throw new IllegalArgumentException(
            "virtual workers [%d, %d) are not within [0, %d)".formatted(from, to, all));
      }
    }

    /** The part of one of several workers; parts differ by one virtual worker at most. */
    public static VirtualWorkers of(int worker, int workers, int all) {
      return new VirtualWorkers(
          (int) ((long) worker * all / workers), (int) ((worker + 1L) * all / workers), all);
    }

    /** How many. */
    public int count() {
      return to - from;
    }
  }

  /** How micro-batches make steps and rounds. */
  public StepSchedule schedule() {
    return syncPoints.schedule();
  }

  /** Converts the attempt's steps. */
  public StepClock clock() {
    return new StepClock(schedule(), prior);
  }

  /** Steps taken when the attempt is complete. */
  public long lastStep() {
    return syncPoints.lastStep();
  }

  /** What the parameter server must have taken before a worker goes on after so many steps. */
  long required(long steps) {
    long all = clock().serverStep(steps);
    if (syncPoints.isMeeting(steps)) {
      return all;
    }
    if (consistency instanceof Consistency.Async) {
      return 0;
    }
    return consistency instanceof Consistency.Bounded bounded
        ? Math.max(0, all - bounded.staleness())
        : all;
  }

  /** What is pushed: asynchronous servers take every virtual worker's gradient by itself. */
  List<TreeNode> subtrees() {
    int depth = consistency instanceof Consistency.Async ? Integer.MAX_VALUE : overlapDepth;
    return Subtrees.of(new PairwiseTree(workers.all()), workers.from(), workers.to(), depth);
  }
}
