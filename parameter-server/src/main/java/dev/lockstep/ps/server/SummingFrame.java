package dev.lockstep.ps.server;

import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.RefusedException;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.Rounding;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.ps.schedule.StepTime;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;

/**
 * A frame whose steps are sums over all virtual workers. Takes pushes of the step in progress and
 * of a bounded number of steps after it.
 */
final class SummingFrame extends ShardFrame {

  private final PairwiseTree tree;
  private final FrameBuffers buffers;
  private final int stepsAhead;
  private final Rounding rounding;

  /** G of the whole shard; the sum of the step in progress ends up in the frame's range of it. */
  private final float[] gradientSum;

  /** The step in progress and those after it of which there are pushes. */
  private final Deque<PendingStep> steps = new ArrayDeque<>();

  /** The nodes that the step before added up. */
  private Set<TreeNode> receivedBefore = Set.of();

  SummingFrame(
      int index,
      int from,
      int to,
      ShardSpec spec,
      OutcomeLog outcomes,
      FrameBuffers buffers,
      float[] gradientSum) {
    super(index, from, to, spec.firstStep(), outcomes);
    this.tree = new PairwiseTree(spec.virtualWorkers());
    this.buffers = buffers;
    this.stepsAhead = spec.protocol().consistency().stepsAhead();
    this.rounding = spec.protocol().rounding();
    this.gradientSum = gradientSum;
    steps.add(new PendingStep(version(), true));
  }

  /**
   * A value of the reduction.
   *
   * @param vector floats from {@code offset} on: a buffer, or the shard's G
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Sum(float[] vector, int offset, Contribution total) {}

  @Override
  int mostAhead() {
    return stepsAhead;
  }

  @Override
  Update add(Push push) {
    long ahead = push.when().step() - version();
    if (ahead == -1 && receivedBefore.contains(push.node())) {
      return null; // a repetition
    }
    if (ahead < 0 || ahead > stepsAhead) {
      throw new RefusedException(
          describe(push)
              + (ahead < 0
                  ? ": it is late, the frame is at step "
                  : ": it is early, the frame is still at step ")
              + version());
    }
    PendingStep step = step(ahead);
    if (!step.received.contains(push.node())) {
      step.add(push);
      return ahead == 0 ? step.update() : null;
    }
    return null;
  }

  @Override
  boolean advance(Update update) {
    receivedBefore = steps.remove().received;
    if (steps.isEmpty()) {
      steps.add(new PendingStep(update.step() + 1, true));
    }
    return true;
  }

  @Override
  Update next() {
    return steps.element().update();
  }

  private PendingStep step(long ahead) {
    while (steps.size() <= ahead) {
      steps.addLast(new PendingStep(version() + steps.size(), false));
    }
    Iterator<PendingStep> each = steps.iterator();
    for (long i = 0; i < ahead; i++) {
      each.next();
    }
    return each.next();
  }

  private Sum join(Sum left, Sum right) {
    // Addition commutes, so the sum may stay on either side: in G if one of them is there.
    boolean keepRight = right.vector == gradientSum;
    Sum kept = keepRight ? right : left;
    Sum added = keepRight ? left : right;
    rounding.join(kept.vector, kept.offset, added.vector, added.offset, to - from);
    recycle(added);
    return new Sum(kept.vector, kept.offset, left.total.plus(right.total));
  }

  private void recycle(Sum sum) {
    if (sum.vector != gradientSum) {
      buffers.give(sum.vector);
    }
  }

  /** The sum of one step, as far as it is in. */
  private final class PendingStep {
    final long number;
    final Set<TreeNode> received = new HashSet<>();
    private final TreeReduction<Sum> reduction = new TreeReduction<>(tree, SummingFrame.this::join);

    /** Whether the next push may go straight to G, which a step before may still occupy. */
    private boolean isInPlace;

    private StepKey when;

    PendingStep(long number, boolean inProgress) {
      this.number = number;
      this.isInPlace = inProgress;
    }

    void add(Push push) {
      if (when != null && !push.when().equals(when)) {
        throw new RefusedException(
            describe(push) + ": " + push.when() + " != " + when + " of the pushes before it");
      }
      checkLength(push);
      if (push.sums().examples() == 0) {
        addToTree(push, null);
      } else {
        addVector(push);
      }
      received.add(push.node());
      when = push.when();
    }

    private void addVector(Push push) {
      boolean inPlace = isInPlace;
      Sum sum =
          inPlace
              ? new Sum(gradientSum, from, push.sums())
              : new Sum(buffers.take(), 0, push.sums());
      push.gradient().duplicate().get(sum.vector, sum.offset, to - from);
      isInPlace = false;
      try {
        addToTree(push, sum);
      } catch (RefusedException e) {
        isInPlace = inPlace;
        recycle(sum);
        throw e;
      }
    }

    private void addToTree(Push push, Sum sumOrNull) {
      try {
        reduction.add(push.node(), sumOrNull);
      } catch (IllegalArgumentException e) {
        throw new RefusedException(describe(push) + ": " + e.getMessage());
      }
    }

    /**
     * The update that the step has become, with its sum in G; null while pushes are missing. Not
     * asked for again once it is given.
     *
     * @throws IllegalStateException if the step is complete without a single example
     */
    Update update() {
      if (!reduction.isComplete()) {
        return null;
      }
      Sum sum = reduction.result();
      if (sum == null) {
        throw new IllegalStateException(
            "step "
                + number
                + ": all "
                + tree.leaves()
                + " virtual workers are empty: a step needs at least one example");
      }
      if (sum.vector != gradientSum) {
        System.arraycopy(sum.vector, sum.offset, gradientSum, from, to - from);
        recycle(sum);
      }
      rounding.root(gradientSum, from, to);
      return new Update(
          new StepTime(number, when.epoch(), number, when.rateScale()),
          sum.total.examples(),
          number,
          sum.total);
    }
  }
}
