package dev.lockstep.ps.server;

import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.Consistency;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.Protocol;
import java.util.Objects;

/**
 * Which parameter shard a server owns, and how it is updated.
 *
 * @param attempt whose messages are taken
 * @param layout frames of every shard
 * @param shard index of the own one
 * @param plan updates of all of θ
 * @param virtualWorkers V, the leaves of every sum
 * @param protocol when pushes become steps
 * @param firstStep optimizer steps taken before the first one here
 */
public record ShardSpec(
    AttemptKey attempt,
    FrameLayout layout,
    int shard,
    UpdatePlan plan,
    int virtualWorkers,
    Protocol protocol,
    long firstStep) {

  /** Checks that the parts agree. */
  public ShardSpec {
    Objects.requireNonNull(attempt, "attempt");
    Objects.requireNonNull(plan, "plan");
    Objects.requireNonNull(protocol, "protocol");
    Objects.checkIndex(shard, layout.shards().shards());
    if (virtualWorkers < 1 || firstStep < 0) {
      throw new IllegalArgumentException(
          "virtualWorkers="
              + virtualWorkers
              + " firstStep="
              + firstStep
              + " must be >= 1 and >= 0");
    }
    if (protocol.consistency() instanceof Consistency.Async && NormedStep.rounds(plan) > 0) {
      throw new IllegalArgumentException(
          "consistency=Async with clipping="
              + plan.clipping()
              + " and layerwise="
              + plan.isLayerwise()
              + ": norms over all of θ need whole steps: clip by value and take an optimizer"
              + " without trust ratios, or use Sync or Bounded");
    }
    if (plan.layout().parameters() != layout.shards().parameters()) {
      throw new IllegalArgumentException(
          "plan: parameters="
              + plan.layout().parameters()
              + " != shard layout: parameters="
              + layout.shards().parameters());
    }
  }

  /** First element of θ in the shard. */
  public int begin() {
    return layout.shards().begin(shard);
  }

  /** First element of θ after the shard. */
  public int end() {
    return layout.shards().end(shard);
  }
}
