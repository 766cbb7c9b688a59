package dev.lockstep.ps.clip;

import dev.lockstep.ps.clip.Clipping.LayerNormalization;
import dev.lockstep.ps.clip.GradientBlock.Content;
import dev.lockstep.ps.clip.NormPartials.GroupSum;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Which norms a step needs, how they are summed, and what each block of ĝ is scaled by or limited
 * to.
 *
 * <p>A norm belongs to a group of blocks: all of them, those of a layer, or one. Its bits do not
 * depend on how θ is cut into shards: within a chunk, each block's squares are summed in float64
 * over 8 lanes, element i of the chunk's part of the block in lane {@code i mod 8}, the lanes
 * joined as {@code ((0+1)+(2+3))+((4+5)+(6+7))}; blocks of one group are added in their order;
 * chunks are joined by the {@link PairwiseTree} over all chunks of θ, those without an element of
 * the group skipped. This order is frozen once released.
 *
 * <p>Immutable, thread-safe. Lives on every server.
 */
public final class NormPlan {

  private static final int NO_GROUP = -1;
  private static final double PYTORCH_EPSILON = 1e-6;

  /** In place of a norm of 0, so that 0 / 0 does not arise (BaseMultiLayerUpdater.preApply). */
  private static final double DL4J_ZERO_NORM = 1e-5;

  private final List<GradientBlock> blocks;
  private final BlockClip[] clips;
  private final int groups;
  private final PairwiseTree chunkTree;
  private final ParameterLayout layout;

  /** How one block is clipped; group is {@link #NO_GROUP} where no norm is needed. */
  private record BlockClip(int group, Scaling scaling, double threshold, float limit) {
    static final BlockClip NONE = limited(Float.POSITIVE_INFINITY);

    static BlockClip limited(double limit) {
      return new BlockClip(NO_GROUP, Scaling.NONE, Double.NaN, (float) limit);
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
    this.blocks = blocks;
    this.clips = clips;
    this.groups = groups;
    this.layout = new ParameterLayout(blocks.stream().map(GradientBlock::block).toList());
    this.chunkTree = new PairwiseTree(ShardLayout.chunks(layout.parameters()));
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
      fillGradients(
          blocks, clips, BlockClip.scaled(groups++, Scaling.PYTORCH_CLIP, globalNorm.max()));
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
    checkRange(gradientSum, begin, end);
    int fromChunk = ShardLayout.chunks(begin);
    int toChunk = ShardLayout.chunks(end);
    List<GroupSum> sums = new ArrayList<>();
    for (TreeNode node : chunkTree.cover(fromChunk, toChunk)) {
      sumSubtree(node, gradientSum, begin, end, examples, sums);
    }
    return new NormPartials(fromChunk, toChunk, sums);
  }

  private void sumSubtree(
      TreeNode node, float[] gradientSum, int begin, int end, long examples, List<GroupSum> sums) {
    int firstChunk = node.firstLeaf();
    int chunks = Math.min(1 << node.level(), ShardLayout.chunks(end) - firstChunk);
    SortedMap<Integer, SubtreeSum> totals = new TreeMap<>();
    float[] scratch = new float[ShardLayout.CHUNK];
    for (int chunk = firstChunk; chunk < firstChunk + chunks; chunk++) {
      int from = chunk * ShardLayout.CHUNK;
      int to = (int) Math.min(end, (long) from + ShardLayout.CHUNK);
      Map<Integer, Double> chunkSums = new HashMap<>();
      for (int b = layout.blockOf(from);
          b < clips.length && blocks.get(b).block().offset() < to;
          b++) {
        if (clips[b].group() != NO_GROUP) {
          GradientBlock block = blocks.get(b);
          int first = Math.max(from, block.block().offset());
          int length = Math.min(to, block.block().end()) - first;
          float divisor = block.division().divisor(examples);
          double sum = ChunkSquares.sum(gradientSum, first - begin, length, divisor, scratch);
          chunkSums.merge(clips[b].group(), sum, Double::sum);
        }
      }
      int leaf = chunk - firstChunk;
      chunkSums.forEach(
          (group, sum) ->
              totals.computeIfAbsent(group, g -> new SubtreeSum(chunks)).add(leaf, sum));
    }
    totals.forEach((group, total) -> sums.add(new GroupSum(group, node, total.result())));
  }

  /**
   * The norms of a step.
   *
   * @param partials of all servers, in any order; together they cover every chunk once
   * @return one L2 norm of ĝ per group
   */
  public double[] norms(Collection<NormPartials> partials) {
    List<NormPartials> ordered =
        partials.stream()
            .filter(p -> p.fromChunk() < p.toChunk())
            .sorted(Comparator.comparingInt(NormPartials::fromChunk))
            .toList();
    int covered = 0;
    for (NormPartials part : ordered) {
      if (part.fromChunk() != covered || part.toChunk() > chunkTree.leaves()) {
        break;
      }
      covered = part.toChunk();
    }
    if (covered != chunkTree.leaves()) {
      throw new IllegalArgumentException(
          "norm partials cover chunks %s, not each of [0, %d) once: one part per server is needed"
              .formatted(
                  ordered.stream()
                      .map(p -> "[" + p.fromChunk() + ", " + p.toChunk() + ")")
                      .toList(),
                  chunkTree.leaves()));
    }
    double[] norms = new double[groups];
    for (int group = 0; group < groups; group++) {
      norms[group] = norm(group, ordered);
    }
    return norms;
  }

  private double norm(int group, List<NormPartials> partials) {
    TreeReduction<Double> reduction = TreeReduction.ofDoubles(chunkTree);
    for (NormPartials part : partials) {
      Map<TreeNode, Double> sums = new HashMap<>();
      for (GroupSum sum : part.sums()) {
        if (sum.group() == group) {
          sums.put(sum.node(), sum.sumOfSquares());
        }
      }
      for (TreeNode node : chunkTree.cover(part.fromChunk(), part.toChunk())) {
        reduction.add(node, sums.remove(node));
      }
      if (!sums.isEmpty()) {
        throw new IllegalArgumentException(
            "norm partials of chunks [%d, %d) have sums of %s: those are not its subtrees"
                .formatted(part.fromChunk(), part.toChunk(), sums.keySet()));
      }
    }
    Double sumOfSquares = reduction.result();
    return sumOfSquares == null ? 0 : StrictMath.sqrt(sumOfSquares);
  }

  /**
   * What ĝ of a block is multiplied by; 1 where it is not scaled.
   *
   * @param block position in the layout
   * @param normsOrNull what {@link #norms} gave; null where {@link #groups} is 0
   */
  public float factor(int block, double[] normsOrNull) {
    BlockClip clip = clips[block];
    if (clip.group() == NO_GROUP) {
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

  private void checkRange(float[] gradientSum, int begin, int end) {
    int parameters = layout.parameters();
    boolean onChunks =
        begin % ShardLayout.CHUNK == 0 && (end % ShardLayout.CHUNK == 0 || end == parameters);
    if (begin < 0 || begin > end || end > parameters || !(onChunks || begin == end)) {
      throw new IllegalArgumentException(
          "[begin=%d, end=%d) must be a range of [0, parameters=%d) on multiples of %d"
              .formatted(begin, end, parameters, ShardLayout.CHUNK));
    }
    if (gradientSum.length < end - begin) {
      throw new IllegalArgumentException(
          "gradientSum length=%d < end-begin=%d".formatted(gradientSum.length, end - begin));
    }
  }
}
