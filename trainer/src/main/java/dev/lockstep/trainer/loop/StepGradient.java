package dev.lockstep.trainer.loop;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.plan.Seeds;
import dev.lockstep.sharding.read.MicroBatchStream;

/**
 * A virtual worker's gradient sum of one step: of one micro-batch, or of several that are summed in
 * their order. Lives in an executor; used by one thread.
 */
final class StepGradient {

  private final LoopSpec spec;
  private final GradientSource replica;
  private final BatchSource batches;

  /** Made when a step first has a second micro-batch. */
  private float[] addend;

  StepGradient(LoopSpec spec, GradientSource replica, BatchSource batches) {
    this.spec = spec;
    this.replica = replica;
    this.batches = batches;
  }

  /**
   * Takes the step's micro-batches and computes their gradient sum at the replica's parameters.
   *
   * @param gradient receives P floats; holds nothing of use where there are no examples
   */
  GradientSource.ExampleSums compute(int virtualWorker, long step, float[] gradient) {
    GradientSource.ExampleSums sums = new GradientSource.ExampleSums(0, 0);
    int microBatches = spec.schedule().microBatches(step);
    for (int m = 0; m < microBatches; m++) {
      MicroBatch batch = take(virtualWorker, step, m);
      if (batch.examples() == 0) {
        continue;
      }
      // With one micro-batch a step this is a hash of (run seed, step, virtual worker).
      long seed = Seeds.mix(spec.seed(), step * spec.schedule().accumulate() + m, virtualWorker);
      GradientSource.Position at =
          new GradientSource.Position(seed, spec.clock().iteration(step), spec.clock().epoch(step));
      if (sums.examples() == 0) {
        sums = replica.gradient(batch, at, gradient);
      } else {
        sums = plus(sums, batch, at, gradient);
      }
    }
    return sums;
  }

  private GradientSource.ExampleSums plus(
      GradientSource.ExampleSums before,
      MicroBatch batch,
      GradientSource.Position at,
      float[] gradient) {
    if (addend == null) {
      addend = new float[replica.parameterCount()];
    }
    GradientSource.ExampleSums sums = replica.gradient(batch, at, addend);
    for (int i = 0; i < addend.length; i++) {
      gradient[i] += addend[i];
    }
    return new GradientSource.ExampleSums(
        before.examples() + sums.examples(), before.loss() + sums.loss());
  }

  private MicroBatch take(int virtualWorker, long step, int m) {
    MicroBatchStream.Item item = batches.next();
    if (item.v() != virtualWorker
        || item.epoch() != spec.schedule().epoch(step)
        || item.stepInEpoch() != spec.schedule().firstMicroBatch(step) + m) {
      throw new IllegalStateException(
          "micro-batch "
              + m
              + " of step "
              + step
              + " of virtual worker "
              + virtualWorker
              + " was to be computed with "
              + item);
    }
    return item.batch();
  }
}
