package dev.lockstep.trainer.loop;

import dev.lockstep.ps.compress.LeafCompressor;
import dev.lockstep.ps.reduce.Rounding;

/**
 * Every round is one step, and the gradient sum is pushed: the server owns the optimizer. Modes
 * {@code sync}, {@code ssp} and {@code async}.
 */
public final class GlobalGradient implements LocalComputation {

  private final GradientSource replica;
  private final StepGradient gradients;
  private final int virtualWorkers;
  private final LeafCompressor compressor;

  /** Pushes sums as they are. Does not own what it is given. */
  public GlobalGradient(LoopSpec spec, GradientSource replica, BatchSource batches) {
    this(spec, replica, batches, LeafCompressor.rounding(Rounding.NONE));
  }

  /**
   * Does not own what it is given.
   *
   * @param compressor makes what is pushed of a gradient sum
   */
  public GlobalGradient(
      LoopSpec spec, GradientSource replica, BatchSource batches, LeafCompressor compressor) {
    this.compressor = compressor;
    this.virtualWorkers = spec.workers().all();
    this.replica = replica;
    this.gradients = new StepGradient(spec, replica, batches);
  }

  @Override
  public Rounding rounding() {
    return compressor.rounding();
  }

  @Override
  public int length() {
    return replica.parameterCount();
  }

  @Override
  public void receive(float[] vector) {
    replica.setParameters(vector);
  }

  @Override
  public RoundSum contribution(int virtualWorker, Round round, float[] vector) {
    GradientSource.ExampleSums sums = gradients.compute(virtualWorker, round.firstStep(), vector);
    if (sums.examples() == 0) {
      return RoundSum.empty(1);
    }
    RoundSum sum = RoundSum.of(new long[] {sums.examples()}, new double[] {sums.loss()}, vector);
    // What is not finite must neither vanish in rounding nor stay in a residual.
    if (!TreeSum.isSummable(vector, virtualWorkers)) {
      return sum.withNonFinite(virtualWorker);
    }
    compressor.leaf(virtualWorker, vector);
    return sum;
  }
}
