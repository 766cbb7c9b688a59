package dev.lockstep.trainer.driver;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.loop.StepSchedule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Joins the workers' parts of local steps in the order of the tree, so that metrics do not depend
 * on the cluster. Lives on the driver; used by one thread.
 */
final class LocalStepSums {

  private final PairwiseTree tree;
  private final StepSchedule schedule;
  private final Map<Long, TreeReduction<Sum>> waiting = new HashMap<>();
  private long reported;

  private record Sum(long examples, double loss) {
    Sum plus(Sum other) {
      return new Sum(examples + other.examples, loss + other.loss);
    }
  }

  /**
   * Nothing joined yet.
   *
   * @param firstStep steps taken before
   */
  LocalStepSums(PairwiseTree tree, StepSchedule schedule, long firstStep) {
    this.tree = tree;
    this.schedule = schedule;
    this.reported = firstStep;
  }

  /**
   * Adds parts.
   *
   * @return the steps that are now complete and not returned before, in order
   */
  List<WorkerReport.Step> add(List<WorkerReport.LocalStep> parts) {
    for (WorkerReport.LocalStep part : parts) {
      waiting
          .computeIfAbsent(part.stepsTaken(), step -> new TreeReduction<>(tree, Sum::plus))
          .add(
              new TreeNode(part.level(), part.index()),
              part.examples() == 0 ? null : new Sum(part.examples(), part.lossSum()));
    }
    List<WorkerReport.Step> complete = new ArrayList<>();
    while (waiting.containsKey(reported + 1) && waiting.get(reported + 1).isComplete()) {
      Sum sum = waiting.remove(++reported).result();
      complete.add(
          new WorkerReport.Step(
              reported, schedule.epoch(reported - 1), sum.examples(), sum.loss(), Double.NaN));
    }
    return complete;
  }
}
