package dev.lockstep.ps.optim;

import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.clip.NormPlan;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.optim.kernel.LayerwiseKernel;
import dev.lockstep.ps.optim.kernel.Tile;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.optim.kernel.UpdateTerms;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Updates one parameter shard. Owns the shard's optimizer state and nothing else. Lives on a
 * server.
 *
 * <p>An update is one pass over memory: division, scaling, L2, optimizer, weight decay and
 * subtraction are one loop; limits and L1 are another, over the same tile, which stays in the
 * first-level cache. Every element's result depends on that element alone, so neither the cut into
 * shards nor the slicing into calls changes a bit. Layer-wise optimizers take two such passes, and
 * the norms between depend on neither. Calls on disjoint ranges may run in parallel; none blocks.
 */
public final class ShardOptimizer {

  /** Floats in a tile: with θ, ĝ and two state vectors 16 KiB. */
  private static final int TILE = 1024;

  private final UpdatePlan plan;
  private final NormPlan normPlan;
  private final TrustPlan trustPlan;
  private final boolean isLayerwise;
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
    this.trustPlan = plan.trustPlan();
    this.isLayerwise = plan.isLayerwise();
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
   * Makes one step on a range of the shard, by a plan that is not layer-wise.
   *
   * @param theta of the shard, length {@code end - begin}; changed in {@code [from, to)}
   * @param gradientSum G of the shard, the same length; consumed: {@code [from, to)} holds the
   *     update afterwards
   * @param from first element, counted from the shard's begin
   * @param to first element after the range
   * @param examples n of the global batch, at least 1
   * @param clipNormsOrNull the step's norms; null where the plan's {@link NormPlan#groups} is 0
   * @param time of the step
   */
  public void update(
      float[] theta,
      float[] gradientSum,
      int from,
      int to,
      long examples,
      double[] clipNormsOrNull,
      StepTime time) {
    if (isLayerwise) {
      throw new IllegalStateException(
          "the plan is layer-wise: call computeDirection, join trustPartials of all shards, call"
              + " applyTrust");
    }
    computeDirection(theta, gradientSum, from, to, examples, clipNormsOrNull, time);
  }

  /**
   * The first pass of a step by a layer-wise plan, on a range of the shard. In blocks with a
   * layer-wise optimizer G becomes the direction r and θ stays as it is; others make their whole
   * step.
   *
   * @param theta of the shard, length {@code end - begin}
   * @param gradientSum G of the shard, the same length; consumed
   * @param from first element, counted from the shard's begin
   * @param to first element after the range
   * @param examples n of the global batch, at least 1
   * @param clipNormsOrNull the step's norms; null where the plan's {@link NormPlan#groups} is 0
   * @param time of the step
   */
  public void computeDirection(
      float[] theta,
      float[] gradientSum,
      int from,
      int to,
      long examples,
      double[] clipNormsOrNull,
      StepTime time) {
    checkRange(theta, gradientSum, from, to);
    forEachBlock(
        from,
        to,
        (block, first, last) -> {
          BlockStep step = step(block, examples, clipNormsOrNull, time);
          OptimizerSpec optimizer = plan.rules().get(block).optimizer();
          if (optimizer instanceof ElementwiseOptimizer elementwise) {
            UpdateKernel kernel = elementwise.kernel(time);
            forEachTile(theta, gradientSum, first, last, tile -> step.update(kernel, tile));
          } else if (optimizer instanceof LayerwiseOptimizer layerwise) {
            LayerwiseKernel kernel = layerwise.layerwiseKernel(time);
            forEachTile(
                theta, gradientSum, first, last, tile -> step.computeDirection(kernel, tile));
          }
        });
  }

  /**
   * The shard's part of the norms between the two passes. It reads θ and r once more, in chunks.
   *
   * @param theta of the shard
   * @param direction what {@link #computeDirection} left, for the whole of the shard
   */
  public NormPartials trustPartials(float[] theta, float[] direction) {
    checkRange(theta, direction, 0, end - begin);
    return trustPlan.partials(theta, direction, begin, end);
  }

  /**
   * The second pass of a step by a layer-wise plan, on a range of the shard.
   *
   * @param theta of the shard; changed in {@code [from, to)} where the optimizer is layer-wise
   * @param direction what {@link #computeDirection} left; holds the update afterwards
   * @param from first element, counted from the shard's begin
   * @param to first element after the range
   * @param trustNorms what {@link TrustPlan#norms} gave for the trust partials of all shards
   * @param time of the step, as in the first pass
   */
  public void applyTrust(
      float[] theta, float[] direction, int from, int to, double[] trustNorms, StepTime time) {
    checkRange(theta, direction, from, to);
    forEachBlock(
        from,
        to,
        (block, first, last) -> {
          UpdateRule rule = plan.rules().get(block);
          if (rule.optimizer() instanceof LayerwiseOptimizer layerwise) {
            LayerwiseKernel kernel = layerwise.layerwiseKernel(time);
            float trust = trustPlan.trust(block, trustNorms);
            float decay = (float) modelsDecay(rule, time);
            forEachTile(
                theta, direction, first, last, tile -> kernel.applyTrust(tile, trust, decay));
          }
        });
  }

  /**
   * Makes one step by any plan, norms included: for who owns all of θ alone.
   *
   * @param theta all of it; changed
   * @param gradientSum G of all of it; consumed, holds the update afterwards
   * @param examples n of the global batch, at least 1
   * @param time of the step
   */
  public void updateWhole(float[] theta, float[] gradientSum, long examples, StepTime time) {
    int parameters = plan.layout().parameters();
    if (begin != 0 || end != parameters) {
      throw new IllegalStateException(
          "shard [%d, %d) is not all of [0, parameters=%d): its norms are not those of the step"
              .formatted(begin, end, parameters));
    }
    checkRange(theta, gradientSum, 0, end);
    double[] clipNorms =
        normPlan.groups() == 0
            ? null
            : normPlan.norms(List.of(normPlan.partials(gradientSum, 0, end, examples)));
    computeDirection(theta, gradientSum, 0, end, examples, clipNorms, time);
    if (isLayerwise) {
      double[] trustNorms = trustPlan.norms(List.of(trustPartials(theta, gradientSum)));
      applyTrust(theta, gradientSum, 0, end, trustNorms, time);
    }
  }

  /** What is done to the part of a block that a call covers. */
  @FunctionalInterface
  private interface BlockAction {
    void on(int block, int from, int to);
  }

  private void forEachBlock(int from, int to, BlockAction action) {
    if (from == to) {
      return;
    }
    List<Block> blocks = plan.layout().blocks();
    int block = plan.layout().blockOf(begin + from);
    for (int at = from; at < to; block++) {
      int blockEnd = Math.min(to, blocks.get(block).end() - begin);
      action.on(block, at, blockEnd);
      at = blockEnd;
    }
  }

  private void forEachTile(
      float[] theta, float[] gradient, int from, int to, Consumer<Tile> action) {
    for (int at = from; at < to; ) {
      int tileEnd = Math.min(at + TILE, to);
      action.accept(new Tile(theta, gradient, state, at, tileEnd));
      at = tileEnd;
    }
  }

  private BlockStep step(int block, long examples, double[] clipNormsOrNull, StepTime time) {
    UpdateRule rule = plan.rules().get(block);
    double l2 = rule.l2().at(time.iteration(), time.epoch());
    double decay = modelsDecay(rule, time);
    if (rule.optimizer() instanceof ElementwiseOptimizer own) {
      l2 += own.coupledDecay();
      if (own.decoupledDecay() != 0) {
        decay += own.decoupledDecay() * own.learningRate(time);
      }
    }
    UpdateTerms terms =
        new UpdateTerms(
            rule.division().divisor(examples),
            normPlan.factor(block, clipNormsOrNull),
            (float) l2,
            (float) decay);
    double l1 = rule.l1().at(time.iteration(), time.epoch());
    return new BlockStep(terms, normPlan.limit(block), (float) l1);
  }

  /** The weight decay of the model's layer, learning rate included. */
  private static double modelsDecay(UpdateRule rule, StepTime time) {
    double decay = rule.weightDecay().at(time.iteration(), time.epoch());
    return rule.weightDecayScaling() == UpdateRule.WeightDecayScaling.BY_LEARNING_RATE
        ? decay * rule.optimizer().learningRate(time)
        : decay;
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
