package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.PlainKernel;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.io.Serializable;

/**
 * An optimizer and its hyperparameters. There are two forms of many: {@code Dl4jOptimizer.Adam} is
 * DL4J's, and the record that is named {@code Adam} alone is Lockstep's own, with PyTorch's
 * semantics.
 *
 * <p>Immutable; crosses from driver to executors.
 */
public sealed interface OptimizerSpec extends Serializable
    permits ElementwiseOptimizer, LayerwiseOptimizer {

  /** Number of state vectors, each as long as θ. */
  int stateVectors();

  /** What state vectors hold before the first step. */
  default float initialState() {
    return 0f;
  }

  /** The learning rate; 1 for an optimizer that has none, as in DL4J. */
  Schedule learningRate();

  /** The learning rate of a step: what a weight decay that scales by it is multiplied by. */
  default double learningRate(StepTime time) {
    return learningRate().at(time.iteration(), time.epoch()) * time.rateScale();
  }

  /**
   * {@code u = g}: for blocks that are not trained but averaged, such as the running statistics of
   * batch normalization. Replicas push n_v times their change, the server divides by n. No
   * regularization, and outside Lockstep's own clipping.
   */
  record Assign() implements ElementwiseOptimizer {

    @Override
    public Schedule learningRate() {
      return Schedule.fixed(1);
    }

    /** No rate, and so none that a plateau could reduce. */
    @Override
    public double learningRate(StepTime time) {
      return 1;
    }

    @Override
    public int stateVectors() {
      return 0;
    }

    @Override
    public UpdateKernel kernel(StepTime time) {
      return new PlainKernel(1f);
    }
  }
}
