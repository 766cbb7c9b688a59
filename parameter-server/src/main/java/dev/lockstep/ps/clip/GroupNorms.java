package dev.lockstep.ps.clip;

import dev.lockstep.ps.clip.NormPartials.GroupSum;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * L2 norms of groups of blocks, from parts that the owners of shards sum on their own.
 *
 * <p>A norm's bits do not depend on how θ is cut into shards: within a chunk, each block's squares
 * are summed in float64 over 8 lanes, element i of the chunk's part of the block in lane {@code i
 * mod 8}, the lanes joined as {@code ((0+1)+(2+3))+((4+5)+(6+7))}; blocks of one group are added in
 * their order; chunks are joined by the {@link PairwiseTree} over all chunks of θ, those without an
 * element of the group skipped. This order is frozen once released.
 *
 * <p>Immutable, thread-safe. Lives on every server.
 */
public final class GroupNorms {

  /** The group of a block that belongs to no norm. */
  public static final int NO_GROUP = -1;

  private final ParameterLayout layout;
  private final List<Division> divisions;
  private final int[] group;
  private final int groups;
  private final PairwiseTree chunkTree;

  /**
   * Norms over a layout.
   *
   * @param layout the blocks of θ
   * @param divisions per block, what its values are divided by
   * @param groupOfBlock per block, in {@code [0, groups)} or {@link #NO_GROUP}
   * @param groups number of norms
   */
  public GroupNorms(
      ParameterLayout layout, List<Division> divisions, int[] groupOfBlock, int groups) {
    this.layout = layout;
    this.divisions = List.copyOf(divisions);
    this.group = groupOfBlock.clone();
    this.groups = groups;
    this.chunkTree = new PairwiseTree(ShardLayout.chunks(layout.parameters()));
    if (divisions.size() != layout.blocks().size() || group.length != divisions.size()) {
      throw new IllegalArgumentException(
          "divisions=%d and groups of %d blocks must be as many as blocks=%d"
              .formatted(divisions.size(), group.length, layout.blocks().size()));
    }
  }

  /**
   * One server's part of the norms: of the values, divided as their block says and rounded to
   * float32.
   *
   * @param values of elements {@code [begin, end)}, at index 0 of the array; not changed
   * @param begin first element of θ, a multiple of the chunk size
   * @param end a multiple of the chunk size, or the end of θ
   * @param examples n of the global batch
   */
  public NormPartials partials(float[] values, int begin, int end, long examples) {
    checkRange(values, begin, end);
    int fromChunk = ShardLayout.chunks(begin);
    int toChunk = ShardLayout.chunks(end);
    List<GroupSum> sums = new ArrayList<>();
    for (TreeNode node : chunkTree.cover(fromChunk, toChunk)) {
      sumSubtree(node, values, begin, end, examples, sums);
    }
    return new NormPartials(fromChunk, toChunk, sums);
  }

  private void sumSubtree(
      TreeNode node, float[] values, int begin, int end, long examples, List<GroupSum> sums) {
    int firstChunk = node.firstLeaf();
    int chunks = Math.min(1 << node.level(), ShardLayout.chunks(end) - firstChunk);
    SortedMap<Integer, TreeReduction<Double>> totals = new TreeMap<>();
    float[] scratch = new float[ShardLayout.CHUNK];
    for (int chunk = firstChunk; chunk < firstChunk + chunks; chunk++) {
      int from = chunk * ShardLayout.CHUNK;
      int to = (int) Math.min(end, (long) from + ShardLayout.CHUNK);
      Map<Integer, Double> chunkSums = new HashMap<>();
      List<Block> blocks = layout.blocks();
      for (int b = layout.blockOf(from); b < group.length && blocks.get(b).offset() < to; b++) {
        if (group[b] != NO_GROUP) {
          int first = Math.max(from, blocks.get(b).offset());
          int length = Math.min(to, blocks.get(b).end()) - first;
          float divisor = divisions.get(b).divisor(examples);
          double sum = ChunkSquares.sum(values, first - begin, length, divisor, scratch);
          chunkSums.merge(group[b], sum, Double::sum);
        }
      }
      int leaf = chunk - firstChunk;
      chunkSums.forEach(
          (key, sum) ->
              totals
                  .computeIfAbsent(key, unused -> TreeReduction.ofDoubles(new PairwiseTree(chunks)))
                  .add(new TreeNode(0, leaf), sum));
    }
    totals.forEach(
        (key, total) -> {
          total.addRestAsEmpty();
          sums.add(new GroupSum(key, node, total.result()));
        });
  }

  /**
   * The norms of a step.
   *
   * @param partials of all servers, in any order; together they cover every chunk once
   * @return one L2 norm per group
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
    List<Map<Integer, Map<TreeNode, Double>>> sums =
        ordered.stream().map(GroupNorms::byGroup).toList();
    double[] norms = new double[groups];
    for (int g = 0; g < groups; g++) {
      norms[g] = norm(g, ordered, sums);
    }
    return norms;
  }

  private static Map<Integer, Map<TreeNode, Double>> byGroup(NormPartials part) {
    Map<Integer, Map<TreeNode, Double>> sums = new HashMap<>();
    for (GroupSum sum : part.sums()) {
      sums.computeIfAbsent(sum.group(), g -> new HashMap<>()).put(sum.node(), sum.sumOfSquares());
    }
    return sums;
  }

  private double norm(
      int wanted, List<NormPartials> partials, List<Map<Integer, Map<TreeNode, Double>>> byGroup) {
    TreeReduction<Double> reduction = TreeReduction.ofDoubles(chunkTree);
    for (int p = 0; p < partials.size(); p++) {
      NormPartials part = partials.get(p);
      Map<TreeNode, Double> sums = byGroup.get(p).getOrDefault(wanted, new HashMap<>());
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

  private void checkRange(float[] values, int begin, int end) {
    int parameters = layout.parameters();
    boolean onChunks =
        begin % ShardLayout.CHUNK == 0 && (end % ShardLayout.CHUNK == 0 || end == parameters);
    if (begin < 0 || begin > end || end > parameters || !(onChunks || begin == end)) {
      throw new IllegalArgumentException(
          "[begin=%d, end=%d) must be a range of [0, parameters=%d) on multiples of %d"
              .formatted(begin, end, parameters, ShardLayout.CHUNK));
    }
    if (values.length < end - begin) {
      throw new IllegalArgumentException(
          "values length=%d < end-begin=%d".formatted(values.length, end - begin));
    }
  }
}
