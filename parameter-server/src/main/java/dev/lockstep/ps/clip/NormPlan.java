package dev.lockstep.ps.clip;

import dev.lockstep.ps.clip.Clipping.LayerNormalization;
import dev.lockstep.ps.clip.GradientBlock.Content;
import dev.lockstep.ps.layout.ParameterLayout;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which norms clipping needs in a step, and what each block of ĝ is scaled by or limited to.
 *
 * <p>A norm belongs to a group of blocks: all of them, those of a layer, or one; {@link GroupNorms}
 * sums it.
 *
 * <p>Immutable, thread-safe. Lives on every server.
 */
public final class NormPlan {

  private static final double PYTORCH_EPSILON = 1e-6;

  /** In place of a norm of 0, so that 0 / 0 does not arise (BaseMultiLayerUpdater.preApply). */
  private static final double DL4J_ZERO_NORM = 1e-5;

  private final BlockClip[] clips;
  private final int groups;
  private final GroupNorms sums;

  /** How one block is clipped; group is {@link GroupNorms#NO_GROUP} where no norm is needed. */
  private record BlockClip(int group, Scaling scaling, double threshold, float limit) {
    static final BlockClip NONE = limited(Float.POSITIVE_INFINITY);

    static BlockClip limited(double limit) {
      return new BlockClip(GroupNorms.NO_GROUP, Scaling.NONE, Double.NaN, (float) limit);
    }

    static BlockClip scaled(int group, Scaling scaling, double threshold) {
      return new BlockClip(group, scaling, threshold, Float.POSITIVE_INFINITY);
    }
  }

  private enum Scaling {
    NONE,
    PYTORCH_CLIP,
    RENORMALIZE,
    CLIP
  }

  private NormPlan(List<GradientBlock> blocks, BlockClip[] clips, int groups) {
    this.clips = clips;
    this.groups = groups;
    this.sums =
        new GroupNorms(
            new ParameterLayout(blocks.stream().map(GradientBlock::block).toList()),
            blocks.stream().map(GradientBlock::division).toList(),
            Arrays.stream(clips).mapToInt(BlockClip::group).toArray(),
            groups);
  }

  /**
   * The plan for a model.
   *
   * @param blocks all blocks of the layout, in its order
   * @param clipping what is wanted
   */
  public static NormPlan of(List<GradientBlock> blocks, Clipping clipping) {
    BlockClip[] clips = new BlockClip[blocks.size()];
    Arrays.fill(clips, BlockClip.NONE);
    int groups = 0;
    if (clipping instanceof Clipping.ByLayer byLayer) {
      groups = planLayers(blocks, byLayer, clips);
    } else if (clipping instanceof Clipping.ByValue byValue) {
      fillGradients(blocks, clips, BlockClip.limited(byValue.max()));
    } else if (clipping instanceof Clipping.GlobalNorm globalNorm) {
      Scaling scaling = Double.isInfinite(globalNorm.max()) ? Scaling.NONE : Scaling.PYTORCH_CLIP;
      fillGradients(blocks, clips, BlockClip.scaled(groups++, scaling, globalNorm.max()));
    }
    return new NormPlan(List.copyOf(blocks), clips, groups);
  }

  private static void fillGradients(List<GradientBlock> blocks, BlockClip[] clips, BlockClip clip) {
    for (int b = 0; b < clips.length; b++) {
      if (blocks.get(b).content() == Content.GRADIENT) {
        clips[b] = clip;
      }
    }
  }

  private static int planLayers(
      List<GradientBlock> blocks, Clipping.ByLayer byLayer, BlockClip[] clips) {
    Map<Integer, LayerNormalization> normalizations = new HashMap<>();
    byLayer.layers().forEach(layer -> normalizations.put(layer.layer(), layer));
    Map<Integer, Integer> groupOfLayer = new HashMap<>();
    int groups = 0;
    for (int b = 0; b < clips.length; b++) {
      int layer = blocks.get(b).block().layer();
      LayerNormalization normalization = normalizations.get(layer);
      if (normalization == null) {
        continue;
      }
      if (normalization.mode() == Clipping.Mode.CLIP_ELEMENT_WISE_ABSOLUTE_VALUE) {
        clips[b] = BlockClip.limited(normalization.threshold());
        continue;
      }
      Integer group = normalization.mode().isPerLayer() ? groupOfLayer.get(layer) : null;
      if (group == null) {
        group = groups++;
        groupOfLayer.put(layer, group);
      }
      Scaling scaling = normalization.mode().hasThreshold() ? Scaling.CLIP : Scaling.RENORMALIZE;
      clips[b] = BlockClip.scaled(group, scaling, normalization.threshold());
    }
    return groups;
  }

  /** Number of norms; 0 where none is needed, and then servers need not exchange anything. */
  public int groups() {
    return groups;
  }

  /**
   * One server's part of the norms: squares of {@code ĝ = G / n}, rounded to float32 as it will be
   * applied.
   *
   * @param gradientSum G of elements {@code [begin, end)}, at index 0 of the array; not changed
   * @param begin first element of θ, a multiple of the chunk size
   * @param end a multiple of the chunk size, or the end of θ
   * @param examples n of the global batch
   */
  public NormPartials partials(float[] gradientSum, int begin, int end, long examples) {
    return sums.partials(gradientSum, begin, end, examples);
  }

  /**
   * The norms of a step.
   *
   * @param partials of all servers, in any order; together they cover every chunk once
   * @return one L2 norm of ĝ per group
   */
  public double[] norms(Collection<NormPartials> partials) {
    return sums.norms(partials);
  }

  /**
   * What ĝ of a block is multiplied by; 1 where it is not scaled.
   *
   * @param block position in the layout
   * @param normsOrNull what {@link #norms} gave; null where {@link #groups} is 0
   */
  public float factor(int block, double[] normsOrNull) {
    BlockClip clip = clips[block];
    if (clip.group() == GroupNorms.NO_GROUP) {
      return 1f;
    }
    if (normsOrNull == null || normsOrNull.length != groups) {
      throw new IllegalArgumentException(
          "norms=%s: this plan needs %d of them; join the partials of all servers first"
              .formatted(Arrays.toString(normsOrNull), groups));
    }
    double norm = normsOrNull[clip.group()];
    return (float)
        switch (clip.scaling()) {
          case NONE -> 1.0;
          case PYTORCH_CLIP -> Math.min(1.0, clip.threshold() / (norm + PYTORCH_EPSILON));
          case RENORMALIZE -> 1.0 / (norm == 0.0 ? DL4J_ZERO_NORM : norm);
          case CLIP -> norm > clip.threshold() ? clip.threshold() / norm : 1.0;
        };
  }

  /**
   * The largest absolute value that an element of a block may have; infinite where there is none.
   *
   * @param block position in the layout
   */
  public float limit(int block) {
    return clips[block].limit();
  }
}
