package dev.lockstep.ps;

import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.clip.NormPlan;
import dev.lockstep.ps.compress.LeafCompressor;
import dev.lockstep.ps.compress.Sparsifier;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.Lamb;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.Rounding;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * A training without a model: gradients are a function of (seed, step, virtual worker) and θ, so
 * that whatever goes wrong once spreads. Counts are ragged, and some virtual workers are empty.
 *
 * @param seed of the gradients
 * @param parameters length P
 * @param virtualWorkers V
 * @param steps how many
 * @param clipping what is done to ĝ
 * @param optimizers which optimizers the blocks have
 * @param compression what a worker does to gradient sums; made anew for each worker
 * @param rounding of the compression
 */
public record SimulatedTraining(
    long seed,
    int parameters,
    int virtualWorkers,
    int steps,
    Clipping clipping,
    Optimizers optimizers,
    Function<UpdatePlan, LeafCompressor> compression,
    Rounding rounding) {

  /** Kinds of plan. */
  public enum Optimizers {
    /** Each block another, all elementwise. */
    ELEMENTWISE,
    /** A layer-wise one for all blocks but the second. */
    LAYERWISE
  }

  private static final int STEPS_PER_EPOCH = 3;

  /** Without compression. */
  public SimulatedTraining(
      long seed,
      int parameters,
      int virtualWorkers,
      int steps,
      Clipping clipping,
      Optimizers optimizers) {
    this(
        seed,
        parameters,
        virtualWorkers,
        steps,
        clipping,
        optimizers,
        plan -> LeafCompressor.rounding(Rounding.NONE),
        Rounding.NONE);
  }

  /** The same with every node of the tree rounded. */
  public SimulatedTraining with(Rounding other) {
    return new SimulatedTraining(
        seed,
        parameters,
        virtualWorkers,
        steps,
        clipping,
        optimizers,
        plan -> LeafCompressor.rounding(other),
        other);
  }

  /** The same with sparse leaves. */
  public SimulatedTraining with(Sparsifier sparsifier) {
    return new SimulatedTraining(
        seed,
        parameters,
        virtualWorkers,
        steps,
        clipping,
        optimizers,
        plan -> LeafCompressor.sparse(sparsifier, plan),
        Rounding.NONE);
  }

  /** What workers and servers agree on. */
  public Protocol protocol() {
    return Protocol.SYNC.with(rounding);
  }

  /** A sum over the leaves of a node; the gradient is null where all are empty. */
  private record Part(float[] gradient, long examples, double lossSum) {
    private static final Part EMPTY = new Part(null, 0, 0);
  }

  /** With elementwise optimizers. */
  public SimulatedTraining(
      long seed, int parameters, int virtualWorkers, int steps, Clipping clipping) {
    this(seed, parameters, virtualWorkers, steps, clipping, Optimizers.ELEMENTWISE);
  }

  /** Blocks with different optimizers, whose borders are not chunk borders. */
  public UpdatePlan plan() {
    int first = Math.max(1, parameters / 3 + 17 > parameters ? 1 : parameters / 3 + 17);
    int second = (parameters - first) / 2;
    List<Block> blocks = new ArrayList<>();
    List<UpdateRule> rules = new ArrayList<>();
    blocks.add(new Block("0_W", 0, 0, first));
    rules.add(
        UpdateRule.of(new Dl4jOptimizer.Adam(new Schedule.Fixed(0.01), 0.9, 0.999, 1e-8))
            .withL2(new Schedule.Fixed(0.001)));
    if (second > 0) {
      blocks.add(new Block("1_W", 1, first, second));
      rules.add(
          UpdateRule.of(
              new Dl4jOptimizer.Nesterovs(new Schedule.Fixed(0.1), new Schedule.Fixed(0.9))));
    }
    if (first + second < parameters) {
      blocks.add(new Block("2_W", 2, first + second, parameters - first - second));
      rules.add(UpdateRule.of(new Dl4jOptimizer.Sgd(new Schedule.Fixed(0.1))));
    }
    UpdatePlan plan = new UpdatePlan(new ParameterLayout(blocks), rules, clipping);
    return optimizers == Optimizers.LAYERWISE && second > 0
        ? plan.withOptimizer(Lamb.DEFAULT, Set.of("1_W"))
        : plan;
  }

  /** θ to begin with. */
  public float[] theta() {
    SplittableRandom random = new SplittableRandom(seed);
    float[] theta = new float[parameters];
    for (int i = 0; i < parameters; i++) {
      theta[i] = (float) (random.nextDouble() - 0.5);
    }
    return theta;
  }

  /** Completed epochs before a step. */
  public int epoch(long step) {
    return (int) (step / STEPS_PER_EPOCH);
  }

  /** Examples of one virtual worker in one step; at least one virtual worker has some. */
  public int examples(long step, int virtualWorker) {
    if (virtualWorker == step % virtualWorkers) {
      return 1 + (int) (step % 3);
    }
    return new SplittableRandom(seed + 31 * step + 7919L * virtualWorker).nextInt(4);
  }

  /** The gradient sum of one virtual worker that has examples. */
  public float[] gradient(long step, int virtualWorker, float[] theta) {
    SplittableRandom random = new SplittableRandom(seed ^ (step * 1_000_003 + virtualWorker));
    int examples = examples(step, virtualWorker);
    float[] gradient = new float[parameters];
    for (int i = 0; i < parameters; i++) {
      gradient[i] = examples * ((float) (random.nextDouble() - 0.5) + 0.1f * theta[i]);
    }
    return gradient;
  }

  private double loss(long step, int virtualWorker) {
    return new SplittableRandom(step * 65_537 + virtualWorker).nextDouble();
  }

  /** θ after all steps, computed in the plainest way. */
  public float[] expectedTheta() {
    float[] theta = theta();
    UpdatePlan plan = plan();
    ShardOptimizer optimizer = new ShardOptimizer(plan, 0, parameters);
    NormPlan norms = plan.normPlan();
    LeafCompressor compressor = compression.apply(plan);
    for (long step = 0; step < steps; step++) {
      Part sum = sum(step, root(), theta, compressor);
      rounding.root(sum.gradient, 0, parameters);
      double[] values =
          norms.groups() == 0
              ? null
              : norms.norms(List.of(norms.partials(sum.gradient, 0, parameters, sum.examples)));
      update(optimizer, theta, sum.gradient, sum.examples, values, step);
    }
    return theta;
  }

  /** One step of one optimizer that owns all of θ. */
  public void update(
      ShardOptimizer optimizer,
      float[] theta,
      float[] sum,
      long examples,
      double[] clipNorms,
      long step) {
    UpdatePlan plan = plan();
    StepTime time = StepTime.of(step, epoch(step));
    if (plan.isLayerwise()) {
      optimizer.computeDirection(theta, sum, 0, parameters, examples, clipNorms, time);
      double[] trust = plan.trustPlan().norms(List.of(optimizer.trustPartials(theta, sum)));
      optimizer.applyTrust(theta, sum, 0, parameters, trust, time);
    } else {
      optimizer.update(theta, sum, 0, parameters, examples, clipNorms, time);
    }
  }

  /** Loss sums of all steps, computed in the plainest way; θ does not enter them. */
  public List<Double> expectedLosses() {
    List<Double> losses = new ArrayList<>();
    for (long step = 0; step < steps; step++) {
      losses.add(sum(step, root(), theta(), compression.apply(plan())).lossSum);
    }
    return losses;
  }

  /** The steps of a worker that plays virtual workers {@code [from, to)}. */
  public Result work(ParameterClient client, int from, int to) throws InterruptedException {
    return work(client, from, to, 0, theta());
  }

  /** The same from a later step on. */
  public Result work(ParameterClient client, int from, int to, long firstStep, float[] begin)
      throws InterruptedException {
    float[] theta = begin.clone();
    List<StepOutcome> outcomes = new ArrayList<>();
    LeafCompressor compressor = compression.apply(plan());
    for (long step = firstStep; step < steps; step++) {
      for (TreeNode node : new PairwiseTree(virtualWorkers).cover(from, to)) {
        Part part = sum(step, node, theta, compressor);
        float[] gradient = part.gradient == null ? new float[parameters] : part.gradient;
        client.push(
            StepKey.of(step, epoch(step)),
            node,
            Contribution.of(part.examples, part.lossSum),
            gradient);
        Arrays.fill(gradient, Float.NaN);
      }
      Pulled pulled = client.pull(step + 1, step, theta);
      if (pulled.version() != step + 1) {
        throw new AssertionError("version=" + pulled.version() + " after step " + step);
      }
      outcomes.addAll(pulled.outcomes());
    }
    return new Result(theta, outcomes);
  }

  /**
   * What a worker ends with.
   *
   * @param theta after the last step
   * @param outcomes of each step
   */
  @SuppressWarnings("ArrayRecordComponent") // compared by content in the tests
  public record Result(float[] theta, List<StepOutcome> outcomes) {}

  private TreeNode root() {
    return new PairwiseTree(virtualWorkers).root();
  }

  private Part sum(long step, TreeNode node, float[] theta, LeafCompressor compressor) {
    if (node.firstLeaf() >= virtualWorkers) {
      return Part.EMPTY;
    }
    if (node.level() == 0) {
      int v = node.index();
      int examples = examples(step, v);
      if (examples == 0) {
        return Part.EMPTY;
      }
      float[] gradient = gradient(step, v, theta);
      compressor.leaf(v, gradient);
      return new Part(gradient, examples, loss(step, v));
    }
    Part left = sum(step, new TreeNode(node.level() - 1, 2 * node.index()), theta, compressor);
    Part right = sum(step, new TreeNode(node.level() - 1, 2 * node.index() + 1), theta, compressor);
    if (left.gradient == null || right.gradient == null) {
      return left.gradient == null ? right : left;
    }
    compressor.join(left.gradient, right.gradient);
    return new Part(left.gradient, left.examples + right.examples, left.lossSum + right.lossSum);
  }
}
