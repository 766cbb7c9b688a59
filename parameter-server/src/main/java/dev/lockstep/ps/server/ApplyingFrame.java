package dev.lockstep.ps.server;

import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.RefusedException;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.Rounding;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A frame that makes an update of every push, when it arrives. Its version is the number of steps
 * of which it has the pushes of all virtual workers.
 */
final class ApplyingFrame extends ShardFrame {

  private final long examplesPerStep;
  private final float[] gradientSum;
  private final PairwiseTree tree;
  private final Rounding rounding;

  /** For each virtual worker the step of its next push. */
  private final long[] nextStep;

  /** What the pushes of steps that are not complete add up to; empty where nobody asks. */
  private final Map<Long, TreeReduction<Contribution>> totals = new HashMap<>();

  private final boolean isKeeper;
  private Contribution completed = Contribution.EMPTY;

  /** Pushes taken: an update each, also those that changed nothing. */
  private long pushes;

  ApplyingFrame(
      int index,
      int from,
      int to,
      ShardSpec spec,
      long examplesPerStep,
      OutcomeLog outcomes,
      float[] gradientSum) {
    super(index, from, to, spec.firstStep(), outcomes);
    this.examplesPerStep = examplesPerStep;
    this.gradientSum = gradientSum;
    this.rounding = spec.protocol().rounding();
    this.tree = new PairwiseTree(spec.virtualWorkers());
    this.nextStep = new long[spec.virtualWorkers()];
    Arrays.fill(nextStep, spec.firstStep());
    this.isKeeper = outcomes.keeps(index);
    this.pushes = spec.firstStep() * spec.virtualWorkers();
  }

  @Override
  int mostAhead() {
    return Integer.MAX_VALUE;
  }

  @Override
  Update add(Push push) {
    if (push.node().level() != 0 || push.node().index() >= nextStep.length) {
      throw new RefusedException(
          describe(push)
              + ": asynchronous pushes are of one virtual worker in [0, "
              + nextStep.length
              + ") each");
    }
    int worker = push.node().index();
    long step = push.when().step();
    if (step == nextStep[worker] - 1 && step >= 0) {
      return null; // a repetition
    }
    if (step != nextStep[worker]) {
      throw new RefusedException(
          describe(push)
              + (step < nextStep[worker] ? ": it is late" : ": it is early")
              + ", the virtual worker is at step "
              + nextStep[worker]);
    }
    checkLength(push);
    if (push.sums().examples() > 0) {
      push.gradient().duplicate().get(gradientSum, from, to - from);
      rounding.root(gradientSum, from, to);
    }
    StepTime time =
        new StepTime(
            pushes / nextStep.length, push.when().epoch(), pushes, push.when().rateScale());
    if (isKeeper) {
      totals
          .computeIfAbsent(step, s -> new TreeReduction<>(tree, Contribution::plus))
          .add(push.node(), push.sums().examples() == 0 ? null : push.sums());
    }
    nextStep[worker]++;
    return new Update(time, examplesPerStep, step, push.sums());
  }

  @Override
  boolean advance(Update update) {
    pushes++;
    for (long next : nextStep) {
      if (next <= version()) {
        return false;
      }
    }
    // Each virtual worker's pushes come in order, so steps are completed in order.
    TreeReduction<Contribution> total = totals.remove(version());
    if (total != null && total.result() != null) {
      completed = total.result();
    }
    return true;
  }

  @Override
  Contribution total(Contribution ofUpdate) {
    return completed;
  }

  @Override
  Update next() {
    return null;
  }
}
