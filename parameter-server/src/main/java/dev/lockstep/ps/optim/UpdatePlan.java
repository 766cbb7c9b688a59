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

  /** Number of optimizer state vectors, each as long as θ: the most that any rule needs. */
  public int stateVectors() {
    return rules.stream().mapToInt(rule -> rule.optimizer().stateVectors()).max().orElse(0);
  }

  /** The norms that a step needs. */
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
