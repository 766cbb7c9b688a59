package dev.lockstep.ps.server;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.Rounding;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.ps.schedule.StepTime;
import java.util.HashMap;
import java.util.Map;

/**
 * A frame that makes an update of every push, when it arrives. Its version is the number of steps
 * of which it has the pushes of all virtual workers.
 */
final class ApplyingFrame extends Frame {

  private final long examplesPerStep;
  private final float[] gradientSum;
  private final PairwiseTree tree;
  private final Rounding rounding;

  /** For each virtual worker the step of its next push. */
  private final long[] nextStep;

  /** What the pushes of steps that are not complete add up to. */
  private final Map<Long, TreeReduction<Contribution>> totals = new HashMap<>();

  private Contribution completed;
  private long pushes;
  private long updates;

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
    java.util.Arrays.fill(nextStep, spec.firstStep());
    this.pushes = spec.firstStep() * spec.virtualWorkers();
    this.updates = pushes;
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
            pushes / nextStep.length, push.when().epoch(), updates, push.when().rateScale());
    totals
        .computeIfAbsent(step, s -> new TreeReduction<>(tree, Contribution::plus))
        .add(push.node(), push.sums().examples() == 0 ? null : push.sums());
    nextStep[worker]++;
    return new Update(time, examplesPerStep, step, push.sums());
  }

  @Override
  boolean moveOn(Update update) {
    pushes++;
    updates += update.applies() ? 1 : 0;
    // Each virtual worker's pushes come in order, so steps are completed in order.
    TreeReduction<Contribution> total = totals.get(update.step());
    if (!total.isComplete()) {
      return false;
    }
    totals.remove(update.step());
    completed = total.result() == null ? Contribution.EMPTY : total.result();
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
