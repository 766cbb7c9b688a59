package dev.lockstep.trainer.loop;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import java.util.List;

/**
 * What a worker does: compute what its virtual workers contribute to a round, sum the subtrees it
 * owns, push them, pull the parameters, again. Lives in an executor; runs on one thread, which
 * blocks while it waits for data and for the parameter server.
 *
 * <p>The order of every sum is the tree's, whatever range of virtual workers the worker plays.
 */
public final class WorkerLoop {

  private final Span span;
  private final Contributor contributor;
  private final GradientExchange exchange;
  private final RoundListener listener;
  private final List<TreeNode> subtrees;
  private final TreeSum sums;

  /**
   * Which part of a run a worker plays.
   *
   * @param seed of the run
   * @param virtualWorkers of the run, V
   * @param from first virtual worker of this worker
   * @param to one after its last
   * @param pace of the run
   * @param firstStep steps taken before this attempt
   * @param lastStep steps taken when it is complete: the end of a round
   * @param iterationsBefore optimizer steps that the model had taken before this run
   * @param epochsBefore epochs that it had completed before this run
   */
  public record Span(
      long seed,
      int virtualWorkers,
      int from,
      int to,
      Pace pace,
      long firstStep,
      long lastStep,
      long iterationsBefore,
      int epochsBefore) {

    /** Checks the ranges. */
    public Span {
      if (!(0 <= from && from < to && to <= virtualWorkers)) {
        throw new IllegalArgumentException(
            "virtual workers ["
                + from
                + ", "
                + to
                + ") are not within [0, "
                + virtualWorkers
                + ")");
      }
      if (firstStep < 0 || lastStep < firstStep || !pace.isRoundStart(lastStep)) {
        throw new IllegalArgumentException(
            "steps [" + firstStep + ", " + lastStep + ") do not end with a round of " + pace);
      }
    }

    /** What the parameter server counts when so many steps of the run are taken. */
    public long version(long steps) {
      return iterationsBefore + pace.clock(steps);
    }
  }

  /**
   * Does not own what it is given.
   *
   * @param contributor has received the parameters before {@code firstStep}
   */
  public WorkerLoop(
      Span span, Contributor contributor, GradientExchange exchange, RoundListener listener) {
    this.span = span;
    this.contributor = contributor;
    this.exchange = exchange;
    this.listener = listener;
    PairwiseTree tree = new PairwiseTree(span.virtualWorkers());
    this.subtrees = tree.cover(span.from(), span.to());
    this.sums = new TreeSum(tree, contributor.length(), contributor.rounding());
  }

  /** Takes all steps of the span; ends early only with an exception. */
  public void run() {
    float[] vector = new float[contributor.length()];
    long step = span.firstStep();
    while (step < span.lastStep()) {
      Round round = new Round(step, span.pace().roundEnd(step), span.pace().epoch(step));
      for (TreeNode subtree : subtrees) {
        contribute(round, subtree);
      }
      GradientExchange.Outcome outcome = exchange.pull(span.version(step), vector);
      contributor.receive(vector);
      listener.roundTaken(round, outcome);
      step = round.endStep();
      if (span.pace().isEpochStart(step)) {
        listener.epochTaken(span.pace().epoch(step));
      }
    }
  }

  private void contribute(Round round, TreeNode subtree) {
    RoundSum sum = sums.of(subtree, (v, vector) -> contributor.contribution(v, round, vector));
    exchange.push(
        span.version(round.firstStep()),
        span.epochsBefore() + round.epoch(),
        subtree,
        sum.totalExamples(),
        sum.totalLoss(),
        sum.vector());
    listener.contributed(round, subtree, sum.examples(), sum.losses());
    sums.giveBack(sum);
  }
}
