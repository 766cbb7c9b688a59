package dev.lockstep.trainer.loop;

import dev.lockstep.ps.compress.LeafCompressor;
import dev.lockstep.ps.reduce.Rounding;

/**
 * Every round is one step, and the gradient sum is pushed: the server owns the optimizer. Mode
 * {@code sync}.
 */
public final class GlobalGradient implements Contributor {

  private final GradientSource replica;
  private final StepGradient gradients;
  private final LeafCompressor compressor;

  /**
   * Does not own what it is given.
   *
   * @param compressor makes what is pushed of a gradient sum
   */
  public GlobalGradient(
      WorkerLoop.Span span,
      GradientSource replica,
      BatchSource batches,
      LeafCompressor compressor) {
    this.compressor = compressor;
    this.replica = replica;
    this.gradients = new StepGradient(span, replica, batches);
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
    compressor.leaf(virtualWorker, vector);
    return RoundSum.of(sums, vector);
  }
}
