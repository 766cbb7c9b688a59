package dev.lockstep.trainer.loop;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.sharding.plan.Seeds;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * What a worker does: compute the gradients of its virtual workers, sum the subtrees it owns, push
 * them, pull the parameters, again. Lives in an executor; runs on one thread, which blocks while it
 * waits for data and for the parameter server.
 *
 * <p>The order of every sum is the tree's, whatever range of virtual workers the worker plays.
 */
public final class WorkerLoop {

  private final Span span;
  private final GradientSource replica;
  private final BatchSource batches;
  private final GradientExchange exchange;
  private final StepListener listener;
  private final List<TreeNode> subtrees;
  private final Deque<float[]> spareVectors = new ArrayDeque<>();

  /**
   * Which part of a run a worker plays.
   *
   * @param seed of the run
   * @param virtualWorkers of the run, V
   * @param from first virtual worker of this worker
   * @param to one after its last
   * @param stepsPerEpoch steps of each epoch
   * @param firstStep steps taken before this attempt
   * @param lastStep steps taken when the run is complete
   * @param iterationsBefore optimizer steps that the model had taken before this run
   * @param epochsBefore epochs that it had completed before this run
   */
  public record Span(
      long seed,
      int virtualWorkers,
      int from,
      int to,
      long stepsPerEpoch,
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
      if (stepsPerEpoch < 1 || firstStep < 0 || lastStep < firstStep) {
        throw new IllegalArgumentException(
            "stepsPerEpoch=" + stepsPerEpoch + ", steps [" + firstStep + ", " + lastStep + ")");
      }
    }
  }

  /** Does not own what it is given; the replica holds the parameters before {@code firstStep}. */
  public WorkerLoop(
      Span span,
      GradientSource replica,
      BatchSource batches,
      GradientExchange exchange,
      StepListener listener) {
    this.span = span;
    this.replica = replica;
    this.batches = batches;
    this.exchange = exchange;
    this.listener = listener;
    this.subtrees = new PairwiseTree(span.virtualWorkers()).cover(span.from(), span.to());
  }

  /** Takes all steps of the span; ends early only with an exception. */
  public void run() {
    float[] theta = new float[replica.parameterCount()];
    for (long step = span.firstStep(); step < span.lastStep(); step++) {
      int epoch = Math.toIntExact(step / span.stepsPerEpoch());
      for (TreeNode subtree : subtrees) {
        Sum sum = sumOf(subtree, step, epoch);
        exchange.push(
            span.iterationsBefore() + step,
            span.epochsBefore() + epoch,
            subtree,
            sum.examples,
            sum.loss,
            sum.gradient);
        giveBack(sum.gradient);
      }
      GradientExchange.Outcome outcome = exchange.pull(span.iterationsBefore() + step, theta);
      replica.setParameters(theta);
      listener.stepTaken(step + 1, epoch, outcome);
      if ((step + 1) % span.stepsPerEpoch() == 0) {
        listener.epochTaken(epoch + 1);
      }
    }
  }

  /** Depth first, so that no more vectors live than the tree is high. */
  private Sum sumOf(TreeNode node, long step, int epoch) {
    if (node.level() == 0) {
      return gradientOf(node.index(), step, epoch);
    }
    Sum left = sumOf(new TreeNode(node.level() - 1, 2 * node.index()), step, epoch);
    TreeNode right = new TreeNode(node.level() - 1, 2 * node.index() + 1);
    return right.firstLeaf() < span.virtualWorkers() ? join(left, sumOf(right, step, epoch)) : left;
  }

  private Sum gradientOf(int virtualWorker, long step, int epoch) {
    BatchSource.Batch batch = batches.next();
    if (batch.virtualWorker() != virtualWorker
        || batch.epoch() != epoch
        || batch.stepInEpoch() != step % span.stepsPerEpoch()) {
      throw new IllegalStateException(
          "step "
              + step
              + " of virtual worker "
              + virtualWorker
              + " was given the batch of "
              + batch);
    }
    if (batch.examples().examples() == 0) {
      return Sum.EMPTY;
    }
    float[] gradient = takeVector();
    long seed = Seeds.mix(span.seed(), step, virtualWorker);
    GradientSource.Position position =
        new GradientSource.Position(
            seed, span.iterationsBefore() + step, span.epochsBefore() + epoch);
    GradientSource.ExampleSums sums = replica.gradient(batch.examples(), position, gradient);
    return new Sum(sums.examples(), sums.loss(), gradient);
  }

  /** An empty side is skipped, not added as zero: adding it could turn -0 into +0. */
  private Sum join(Sum left, Sum right) {
    if (left.examples == 0) {
      return right;
    }
    if (right.examples == 0) {
      return left;
    }
    float[] sum = left.gradient;
    float[] addend = right.gradient;
    for (int i = 0; i < sum.length; i++) {
      sum[i] += addend[i];
    }
    giveBack(addend);
    return new Sum(left.examples + right.examples, left.loss + right.loss, sum);
  }

  private float[] takeVector() {
    float[] spare = spareVectors.poll();
    return spare != null ? spare : new float[replica.parameterCount()];
  }

  private void giveBack(float[] vector) {
    if (vector.length > 0) {
      spareVectors.push(vector);
    }
  }

  /** A subtree's sums; {@code gradient} is empty where there are no examples. */
  private record Sum(long examples, double loss, float[] gradient) {
    static final Sum EMPTY = new Sum(0, 0, new float[0]);
  }
}
