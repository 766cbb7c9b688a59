package dev.lockstep.ps.optim;

import dev.lockstep.ps.clip.NormPlan;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Updates one parameter shard. Owns the shard's optimizer state and nothing else. Lives on a
 * server.
 *
 * <p>An update is one pass over memory: elements are taken through division, clipping,
 * regularisation, optimizer and subtraction in tiles that stay in the first-level cache. Every
 * element's result depends on that element alone, so neither the cut into shards nor the slicing
 * into calls changes a bit. Calls on disjoint ranges may run in parallel; none blocks.
 */
public final class ShardOptimizer {

  /** Floats in a tile: with θ, ĝ and two state vectors 16 KiB. */
  private static final int TILE = 1024;

  private final UpdatePlan plan;
  private final NormPlan normPlan;
  private final int begin;
  private final int end;
  private final float[][] state;

  /**
   * An optimizer with its initial state.
   *
   * @param plan for all of θ
   * @param begin first element of the shard
   * @param end first element after it; equal to begin for an empty shard
   */
  public ShardOptimizer(UpdatePlan plan, int begin, int end) {
    this.plan = Objects.requireNonNull(plan, "plan");
    if (begin < 0 || begin > end || end > plan.layout().parameters()) {
      throw new IllegalArgumentException(
          "shard [%d, %d) is not a range of [0, parameters=%d)"
              .formatted(begin, end, plan.layout().parameters()));
    }
    this.normPlan = plan.normPlan();
    this.begin = begin;
    this.end = end;
    this.state = new float[plan.stateVectors()][end - begin];
    for (int b = 0; b < plan.rules().size(); b++) {
      OptimizerSpec optimizer = plan.rules().get(b).optimizer();
      Block block = plan.layout().blocks().get(b);
      int from = Math.max(begin, block.offset()) - begin;
      int to = Math.min(end, block.end()) - begin;
      for (int k = 0; k < optimizer.stateVectors() && from < to; k++) {
        Arrays.fill(state[k], from, to, optimizer.initialState());
      }
    }
  }

  /**
   * The optimizer's state, not copied: {@code [stateVectors][end - begin]}, vectors in DL4J's
   * order. Elements of blocks whose optimizer has fewer vectors are 0 and not used.
   */
  public float[][] state() {
    return state;
  }

  /**
   * Puts back a state that {@link #state} gave.
   *
   * @param saved copied; of the same shape
   */
  public void restore(float[][] saved) {
    if (saved.length != state.length) {
      throw new IllegalArgumentException(
          "saved state vectors=%d != %d of this plan's optimizers"
              .formatted(saved.length, state.length));
    }
    for (int k = 0; k < state.length; k++) {
      if (saved[k].length != end - begin) {
        throw new IllegalArgumentException(
            "saved state length=%d != length=%d of the shard"
                .formatted(saved[k].length, end - begin));
      }
      System.arraycopy(saved[k], 0, state[k], 0, end - begin);
    }
  }

  /**
   * Makes one step on a range of the shard.
   *
   * @param theta of the shard, length {@code end - begin}; changed in {@code [from, to)}
   * @param gradientSum G of the shard, the same length; consumed: {@code [from, to)} holds the
   *     update afterwards
   * @param from first element, counted from the shard's begin
   * @param to first element after the range
   * @param examples n of the global batch, at least 1
   * @param normsOrNull the step's norms; null where the plan's {@link NormPlan#groups} is 0
   * @param time of the step
   */
  public void update(
      float[] theta,
      float[] gradientSum,
      int from,
      int to,
      long examples,
      double[] normsOrNull,
      StepTime time) {
    checkRange(theta, gradientSum, from, to);
    if (from == to) {
      return;
    }
    List<Block> blocks = plan.layout().blocks();
    int b = plan.layout().blockOf(begin + from);
    for (int at = from; at < to; b++) {
      int blockEnd = Math.min(to, blocks.get(b).end() - begin);
      BlockStep step = step(b, examples, normsOrNull, time);
      while (at < blockEnd) {
        int tileEnd = Math.min(at + TILE, blockEnd);
        step.apply(theta, gradientSum, state, at, tileEnd);
        at = tileEnd;
      }
    }
  }

  private BlockStep step(int block, long examples, double[] normsOrNull, StepTime time) {
    UpdateRule rule = plan.rules().get(block);
    double decay = rule.weightDecay().at(time.iteration(), time.epoch());
    if (rule.weightDecayScaling() == UpdateRule.WeightDecayScaling.BY_LEARNING_RATE) {
      decay *= rule.optimizer().learningRate(time);
    }
    return new BlockStep(
        rule.division().divisor(examples),
        normPlan.factor(block, normsOrNull),
        normPlan.limit(block),
        (float) rule.l1().at(time.iteration(), time.epoch()),
        (float) rule.l2().at(time.iteration(), time.epoch()),
        ((ElementwiseOptimizer) rule.optimizer()).kernel(time),
        (float) decay);
  }

  private void checkRange(float[] theta, float[] gradientSum, int from, int to) {
    int length = end - begin;
    if (theta.length != length || gradientSum.length != length) {
      throw new IllegalArgumentException(
          "theta length=%d and gradientSum length=%d must be %d, the shard's"
              .formatted(theta.length, gradientSum.length, length));
    }
    if (from < 0 || from > to || to > length) {
      throw new IllegalArgumentException(
          "[from=%d, to=%d) is not a range of [0, %d)".formatted(from, to, length));
    }
  }
}
