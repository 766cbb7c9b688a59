package dev.lockstep.ps.clip;

import dev.lockstep.ps.layout.Block;
import java.util.Objects;

/**
 * What clipping has to know of a block.
 *
 * @param block where it is
 * @param division how its sum becomes ĝ
 * @param content what its sum is a sum of
 */
public record GradientBlock(Block block, Division division, Content content) {

  /** What the values pushed for a block are. */
  public enum Content {
    /** Gradients. */
    GRADIENT,
    /** Changes of running statistics: Lockstep's own clipping leaves them alone. */
    STATISTICS
  }

  /** Checks for null. */
  public GradientBlock {
    Objects.requireNonNull(block, "block");
    Objects.requireNonNull(division, "division");
    Objects.requireNonNull(content, "content");
  }
}
