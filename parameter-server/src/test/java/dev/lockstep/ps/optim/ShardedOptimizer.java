package dev.lockstep.ps.optim;

import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.clip.NormPlan;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.schedule.StepTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The optimizers of all shards, as their servers run them, in one thread. */
final class ShardedOptimizer {

  private final UpdatePlan plan;
  private final ShardLayout cut;
  private final int slice;
  private final ShardOptimizer[] optimizers;

  /**
   * Optimizers in their initial state.
   *
   * @param slice the most elements of a call
   */
  ShardedOptimizer(UpdatePlan plan, int shards, int slice) {
    this.plan = plan;
    this.cut = new ShardLayout(plan.layout().parameters(), shards);
    this.slice = slice;
    this.optimizers =
        IntStream.range(0, shards)
            .mapToObj(s -> new ShardOptimizer(plan, cut.begin(s), cut.end(s)))
            .toArray(ShardOptimizer[]::new);
  }

  /** What is done to the range [from, to) of a shard. */
  @FunctionalInterface
  private interface Call {
    void on(int from, int to);
  }

  /** One step; theta changes, the sum stays. */
  void step(float[] theta, float[] gradientSum, long examples, StepTime time) {
    float[][] thetas = cut(theta);
    float[][] sums = cut(gradientSum);
    double[] clipNorms = clipNorms(sums, examples);
    for (int s = 0; s < optimizers.length; s++) {
      int shard = s;
      if (plan.isLayerwise()) {
        slices(
            s,
            (from, to) ->
                optimizers[shard].computeDirection(
                    thetas[shard], sums[shard], from, to, examples, clipNorms, time));
      } else {
        slices(
            s,
            (from, to) ->
                optimizers[shard].update(
                    thetas[shard], sums[shard], from, to, examples, clipNorms, time));
      }
    }
    if (plan.isLayerwise()) {
      applyTrust(thetas, sums, time);
    }
    for (int s = 0; s < optimizers.length; s++) {
      System.arraycopy(thetas[s], 0, theta, cut.begin(s), thetas[s].length);
    }
  }

  private double[] clipNorms(float[][] sums, long examples) {
    NormPlan norms = plan.normPlan();
    if (norms.groups() == 0) {
      return null;
    }
    List<NormPartials> partials = new ArrayList<>();
    for (int s = 0; s < optimizers.length; s++) {
      partials.add(norms.partials(sums[s], cut.begin(s), cut.end(s), examples));
    }
    return norms.norms(partials);
  }

  private void applyTrust(float[][] thetas, float[][] directions, StepTime time) {
    List<NormPartials> partials = new ArrayList<>();
    for (int s = 0; s < optimizers.length; s++) {
      partials.add(optimizers[s].trustPartials(thetas[s], directions[s]));
    }
    double[] norms = plan.trustPlan().norms(partials);
    for (int s = 0; s < optimizers.length; s++) {
      int shard = s;
      slices(
          s,
          (from, to) ->
              optimizers[shard].applyTrust(
                  thetas[shard], directions[shard], from, to, norms, time));
    }
  }

  private void slices(int shard, Call call) {
    int length = cut.end(shard) - cut.begin(shard);
    for (long from = 0; from < length; from += slice) {
      call.on((int) from, (int) Math.min(length, from + slice));
    }
  }

  private float[][] cut(float[] whole) {
    return IntStream.range(0, optimizers.length)
        .mapToObj(s -> Arrays.copyOfRange(whole, cut.begin(s), cut.end(s)))
        .toArray(float[][]::new);
  }
}
