package dev.lockstep.trainer.loop;

import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import java.util.ArrayList;
import java.util.List;

/**
 * The optimizers of a worker's virtual workers in mode {@code averaging}: one that all take turns
 * with, where state is averaged with the parameters and so begins every round alike; or one each,
 * where each keeps its state from round to round. Lives in an executor; used by one thread.
 */
public final class LocalOptimizers {

  /** First virtual worker, or -1 where all share one optimizer. */
  private final int from;

  private final List<ShardOptimizer> optimizers;

  private LocalOptimizers(int from, List<ShardOptimizer> optimizers) {
    this.from = from;
    this.optimizers = optimizers;
  }

  /** One optimizer, whose state is set before each use. */
  public static LocalOptimizers shared(UpdatePlan plan) {
    return new LocalOptimizers(-1, List.of(optimizer(plan)));
  }

  /**
   * An optimizer for each of the virtual workers {@code [from, to)}, with initial state.
   *
   * @param plan all follow
   */
  public static LocalOptimizers each(UpdatePlan plan, int from, int to) {
    List<ShardOptimizer> optimizers = new ArrayList<>();
    for (int v = from; v < to; v++) {
      optimizers.add(optimizer(plan));
    }
    return new LocalOptimizers(from, optimizers);
  }

  private static ShardOptimizer optimizer(UpdatePlan plan) {
    return new ShardOptimizer(plan, 0, plan.layout().parameters());
  }

  /** The optimizer of a virtual worker. */
  public ShardOptimizer of(int virtualWorker) {
    return optimizers.get(from < 0 ? 0 : virtualWorker - from);
  }
}
