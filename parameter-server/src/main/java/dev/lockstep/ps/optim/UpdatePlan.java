package dev.lockstep.ps.optim;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.clip.GradientBlock;
import dev.lockstep.ps.clip.GradientBlock.Content;
import dev.lockstep.ps.clip.NormPlan;
import dev.lockstep.ps.layout.ParameterLayout;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * All that a server needs to know of a model to update its parameters. Crosses from driver to
 * executors.
 *
 * @param layout the blocks of θ
 * @param rules one per block, in the layout's order
 * @param clipping what is done to ĝ first
 */
public record UpdatePlan(ParameterLayout layout, List<UpdateRule> rules, Clipping clipping)
    implements Serializable {

  /** Checks that there is a rule for every block. */
  public UpdatePlan {
    Objects.requireNonNull(layout, "layout");
    Objects.requireNonNull(clipping, "clipping");
    rules = List.copyOf(rules);
    if (rules.size() != layout.blocks().size()) {
      throw new IllegalArgumentException(
          "rules=%d != blocks=%d: one rule per block"
              .formatted(rules.size(), layout.blocks().size()));
    }
  }

  /** One rule for all blocks. */
  public static UpdatePlan uniform(ParameterLayout layout, UpdateRule rule, Clipping clipping) {
    return new UpdatePlan(layout, layout.blocks().stream().map(block -> rule).toList(), clipping);
  }

  /**
   * The same with Lockstep's or another optimizer in place of the model's own. Statistics stay
   * averaged; L1, L2, weight decay and division of the blocks stay, and clipping too.
   */
  public UpdatePlan withOptimizer(OptimizerSpec optimizer) {
    return withOptimizer(optimizer, Set.of());
  }

  /**
   * The same, telling parameters of one dimension apart.
   *
   * @param optimizer for all trained blocks
   * @param vectors names of the blocks that hold biases, or gains and offsets of normalization: a
   *     layer-wise optimizer spares them trust ratio and weight decay, see {@link
   *     LayerwiseOptimizer#forVectors}; others treat them as all
   */
  public UpdatePlan withOptimizer(OptimizerSpec optimizer, Set<String> vectors) {
    Set<String> unknown = new TreeSet<>(vectors);
    layout.blocks().forEach(block -> unknown.remove(block.name()));
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException("vectors=" + unknown + " are not blocks of the layout");
    }
    OptimizerSpec forVectors =
        optimizer instanceof LayerwiseOptimizer layerwise ? layerwise.forVectors() : optimizer;
    List<UpdateRule> replaced = new ArrayList<>();
    for (int b = 0; b < rules.size(); b++) {
      UpdateRule rule = rules.get(b);
      boolean isVector = vectors.contains(layout.blocks().get(b).name());
      replaced.add(
          rule.optimizer() instanceof OptimizerSpec.Assign
              ? rule
              : rule.withOptimizer(isVector ? forVectors : optimizer));
    }
    return new UpdatePlan(layout, replaced, clipping);
  }

  /** Whether a step takes two passes, for some rule needs trust ratios. */
  public boolean isLayerwise() {
    return rules.stream().anyMatch(rule -> rule.optimizer() instanceof LayerwiseOptimizer);
  }

  /** The norms that are exchanged between the two passes of a layer-wise plan. */
  public TrustPlan trustPlan() {
    return new TrustPlan(this);
  }

  /** Number of optimizer state vectors, each as long as θ: the most that any rule needs. */
  public int stateVectors() {
    return rules.stream().mapToInt(rule -> rule.optimizer().stateVectors()).max().orElse(0);
  }

  /** The norms of ĝ that a step needs for clipping. */
  public NormPlan normPlan() {
    List<GradientBlock> blocks = new ArrayList<>();
    for (int b = 0; b < rules.size(); b++) {
      UpdateRule rule = rules.get(b);
      Content content =
          rule.optimizer() instanceof OptimizerSpec.Assign ? Content.STATISTICS : Content.GRADIENT;
      blocks.add(new GradientBlock(layout.blocks().get(b), rule.division(), content));
    }
    return NormPlan.of(blocks, clipping);
  }
}
