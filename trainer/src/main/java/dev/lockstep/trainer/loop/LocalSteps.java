package dev.lockstep.trainer.loop;

import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.reduce.Rounding;
import dev.lockstep.ps.schedule.StepTime;
import java.util.function.DoubleSupplier;

/**
 * Mode {@code averaging}: in a round each virtual worker takes optimizer steps of its own, from the
 * parameters that all have pulled. What it contributes is {@code n_v * (θ - θ_v)}, where n_v counts
 * its examples of the round, and the optimizer's state where that is averaged too.
 *
 * <p>One virtual worker is computed at a time, so only one θ_v lives. A step for which a virtual
 * worker has no examples leaves its parameters and state alone; the optimizer's clock is the run's.
 */
public final class LocalSteps implements LocalComputation {

  private final LoopSpec spec;
  private final AveragedVector layout;
  private final GradientSource replica;
  private final StepGradient gradients;
  private final LocalOptimizers optimizers;
  private final DoubleSupplier rateScale;
  private final float[] local;
  private final float[] gradient;
  private float[] received;

  /** At the scheduled rate. Does not own what it is given. */
  public LocalSteps(
      LoopSpec spec,
      AveragedVector layout,
      GradientSource replica,
      BatchSource batches,
      LocalOptimizers optimizers) {
    this(spec, layout, replica, batches, optimizers, () -> 1);
  }

  /**
   * Does not own what it is given.
   *
   * @param rateScale asked at each step what the learning rate is multiplied by
   */
  public LocalSteps(
      LoopSpec spec,
      AveragedVector layout,
      GradientSource replica,
      BatchSource batches,
      LocalOptimizers optimizers,
      DoubleSupplier rateScale) {
    this.spec = spec;
    this.layout = layout;
    this.replica = replica;
    this.gradients = new StepGradient(spec, replica, batches);
    this.optimizers = optimizers;
    this.rateScale = rateScale;
    this.local = new float[layout.parameters()];
    this.gradient = new float[layout.parameters()];
  }

  @Override
  public Rounding rounding() {
    return Rounding.NONE;
  }

  @Override
  public int length() {
    return layout.length();
  }

  @Override
  public void receive(float[] vector) {
    received = vector;
    takeParameters();
  }

  private void takeParameters() {
    System.arraycopy(received, 0, local, 0, local.length);
    replica.setParameters(local);
  }

  @Override
  public RoundSum contribution(int virtualWorker, Round round, float[] vector) {
    takeParameters();
    ShardOptimizer optimizer = optimizers.of(virtualWorker);
    for (int k = 0; k < layout.stateVectors(); k++) {
      System.arraycopy(
          received, layout.stateBegin(k), optimizer.state()[k], 0, layout.parameters());
    }
    RoundSum sum = RoundSum.of(new long[round.steps()], new double[round.steps()], vector);
    for (int i = 0; i < round.steps(); i++) {
      GradientSource.ExampleSums sums = step(virtualWorker, round.firstStep() + i, optimizer);
      sum.examples()[i] = sums.examples();
      sum.losses()[i] = sums.loss();
    }
    long examples = sum.totalExamples();
    if (examples == 0) {
      return RoundSum.empty(round.steps());
    }
    weigh(examples, optimizer.state(), vector);
    return sum;
  }

  private GradientSource.ExampleSums step(int virtualWorker, long step, ShardOptimizer optimizer) {
    GradientSource.ExampleSums sums = gradients.compute(virtualWorker, step, gradient);
    if (sums.examples() > 0) {
      long iteration = spec.clock().iteration(step);
      int epoch = spec.clock().epoch(step);
      StepTime time = new StepTime(iteration, epoch, iteration, rateScale.getAsDouble());
      optimizer.updateWhole(local, gradient, sums.examples(), time);
      replica.setParameters(local);
    }
    return sums;
  }

  private void weigh(long examples, float[][] state, float[] vector) {
    float weight = examples;
    for (int i = 0; i < local.length; i++) {
      vector[i] = weight * (received[i] - local[i]);
    }
    for (int k = 0; k < layout.stateVectors(); k++) {
      float[] from = state[k];
      int begin = layout.stateBegin(k);
      for (int i = 0; i < from.length; i++) {
        vector[begin + i] = -weight * from[i];
      }
    }
  }
}
