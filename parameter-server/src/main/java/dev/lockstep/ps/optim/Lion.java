package dev.lockstep.ps.optim;

import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * Lion (Chen et al., Symbolic Discovery of Optimization Algorithms, arXiv 2302.06675, algorithm 2):
 * {@code u = lr * (sign(beta1 * m + (1 - beta1) * g) + weightDecay * θ)}, {@code m' = beta2 * m +
 * (1 - beta2) * g}. State: m.
 *
 * @param learningRate lr; 3 to 10 times smaller than Adam's
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param weightDecay decoupled
 */
public record Lion(Schedule learningRate, double beta1, double beta2, double weightDecay)
    implements ElementwiseOptimizer {

  /** The defaults of the authors' code. */
  public static final Lion DEFAULT = new Lion(Schedule.fixed(1e-4), 0.9, 0.99, 0);

  /** Checks the hyperparameters. */
  public Lion {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("Lion beta1", beta1);
    Hyperparameters.requireFraction("Lion beta2", beta2);
    Hyperparameters.requireNonNegative("Lion weightDecay", weightDecay);
  }

  @Override
  public int stateVectors() {
    return 1;
  }

  @Override
  public double decoupledDecay() {
    return weightDecay;
  }

  @Override
  public UpdateKernel kernel(StepTime time) {
    float rate = (float) learningRate(time);
    float b1 = (float) beta1;
    float c1 = (float) (1 - beta1);
    float b2 = (float) beta2;
    float c2 = (float) (1 - beta2);
    return (theta, g, state, from, to, terms) ->
        step(theta, g, state[0], from, to, terms, rate, b1, c1, b2, c2);
  }

  private static void step(
      float[] theta,
      float[] g,
      float[] m,
      int from,
      int to,
      UpdateTerms terms,
      float rate,
      float b1,
      float c1,
      float b2,
      float c2) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    float decay = terms.decay();
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float gradient = g[i] / divisor * factor + l2 * x;
      float mean = b1 * m[i] + c1 * gradient;
      // The sign, by clamping what is scaled beyond [-1, 1]: Math.signum is not vectorised.
      float sign = Math.max(-1f, Math.min(1f, mean * BlockStep.HUGE * BlockStep.HUGE));
      m[i] = b2 * m[i] + c2 * gradient;
      float update = rate * sign + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
