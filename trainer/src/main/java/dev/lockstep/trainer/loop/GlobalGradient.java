package dev.lockstep.trainer.loop;

/**
 * Every round is one step, and the gradient sum is pushed: the server owns the optimizer. Mode
 * {@code sync}.
 */
public final class GlobalGradient implements Contributor {

  private final GradientSource replica;
  private final StepGradient gradients;

  /** Does not own what it is given. */
  public GlobalGradient(WorkerLoop.Span span, GradientSource replica, BatchSource batches) {
    this.replica = replica;
    this.gradients = new StepGradient(span, replica, batches);
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
    return sums.examples() == 0 ? RoundSum.empty(1) : RoundSum.of(sums, vector);
  }
}
