package dev.lockstep.ps.optim;

import dev.lockstep.ps.clip.Division;
import dev.lockstep.ps.clip.GroupNorms;
import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.clip.NormPartials.GroupSum;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * The norms that layer-wise optimizers need: of θ and of the direction r, for each of their blocks.
 * Summed as {@link GroupNorms} does it, so that their bits do not depend on the cut into shards.
 *
 * <p>Immutable, thread-safe. Lives on every server.
 */
public final class TrustPlan {

  /** A direction with less than this part of θ's norm gets trust ratio 1. */
  private static final double VANISHING = 1e-20;

  private final List<OptimizerSpec> optimizers;
  private final int[] group;
  private final int layers;
  private final GroupNorms ofTheta;
  private final GroupNorms ofDirection;

  TrustPlan(UpdatePlan plan) {
    optimizers = plan.rules().stream().map(UpdateRule::optimizer).toList();
    group = new int[optimizers.size()];
    int next = 0;
    for (int b = 0; b < group.length; b++) {
      boolean layerwise = optimizers.get(b) instanceof LayerwiseOptimizer;
      group[b] = layerwise ? next++ : GroupNorms.NO_GROUP;
    }
    layers = next;
    int[] second =
        Arrays.stream(group).map(g -> g == GroupNorms.NO_GROUP ? g : g + layers).toArray();
    List<Division> undivided = optimizers.stream().map(optimizer -> Division.NONE).toList();
    ofTheta = new GroupNorms(plan.layout(), undivided, group, 2 * layers);
    ofDirection = new GroupNorms(plan.layout(), undivided, second, 2 * layers);
  }

  /** Number of norms; 0 for a plan that is not layer-wise. */
  public int groups() {
    return 2 * layers;
  }

  /**
   * One server's part of the norms.
   *
   * @param theta of elements {@code [begin, end)}, at index 0 of the array
   * @param direction of the same elements
   * @param begin first element of θ, a multiple of the chunk size
   * @param end a multiple of the chunk size, or the end of θ
   */
  public NormPartials partials(float[] theta, float[] direction, int begin, int end) {
    NormPartials first = ofTheta.partials(theta, begin, end, 1);
    List<GroupSum> sums = new ArrayList<>(first.sums());
    sums.addAll(ofDirection.partials(direction, begin, end, 1).sums());
    return new NormPartials(first.fromChunk(), first.toChunk(), sums);
  }

  /**
   * The norms of a step.
   *
   * @param partials of all servers, in any order; together they cover every chunk once
   */
  public double[] norms(Collection<NormPartials> partials) {
    return ofTheta.norms(partials);
  }

  /**
   * The trust ratio of a block with a layer-wise optimizer.
   *
   * @param block position in the layout
   * @param norms what {@link #norms} gave
   */
  float trust(int block, double[] norms) {
    if (norms == null || norms.length != groups()) {
      throw new IllegalArgumentException(
          "trustNorms=%s: this plan needs %d of them; join the trust partials of all servers first"
              .formatted(Arrays.toString(norms), groups()));
    }
    double thetaNorm = norms[group[block]];
    double directionNorm = norms[group[block] + layers];
    // A direction that is nothing beside θ (a layer whose units are dead) says nothing of a step's
    // length, and the ratio could be infinite.
    if (directionNorm < thetaNorm * VANISHING) {
      return 1f;
    }
    return (float) ((LayerwiseOptimizer) optimizers.get(block)).trust(thetaNorm, directionNorm);
  }
}
