package dev.lockstep.ps.optim;

import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * AdaDelta as in PyTorch: {@code s' = rho * s + (1 - rho) * g * g}, {@code d = g * sqrt(a +
 * epsilon) / sqrt(s' + epsilon)}, {@code a' = rho * a + (1 - rho) * d * d}, {@code u = lr * d}.
 * State: s, a.
 *
 * @param learningRate lr
 * @param rho in [0, 1)
 * @param epsilon under both roots
 * @param weightDecay L2: {@code g += weightDecay * θ}
 */
public record AdaDelta(Schedule learningRate, double rho, double epsilon, double weightDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults. */
  public static final AdaDelta DEFAULT = new AdaDelta(Schedule.fixed(1), 0.9, 1e-6, 0);

  /** Checks the hyperparameters. */
  public AdaDelta {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("AdaDelta rho", rho);
    Hyperparameters.requireNonNegative("AdaDelta epsilon", epsilon);
    Hyperparameters.requireNonNegative("AdaDelta weightDecay", weightDecay);
  }

  @Override
  public int stateVectors() {
    return 2;
  }

  @Override
  public double coupledDecay() {
    return weightDecay;
  }

  @Override
  public UpdateKernel kernel(StepTime time) {
    float rate = (float) learningRate(time);
    float keep = (float) rho;
    float add = (float) (1 - rho);
    float floor = (float) epsilon;
    return (theta, g, state, from, to, terms) -> {
      change(theta, g, state[0], state[1], from, to, terms, keep, add, floor);
      PlainKernel.finish(theta, g, from, to, terms.decay(), rate);
    };
  }

  /** A loop of its own: C2 makes no vector code of one that is longer by the end of the step. */
  private static void change(
      float[] theta,
      float[] g,
      float[] s,
      float[] a,
      int from,
      int to,
      UpdateTerms terms,
      float keep,
      float add,
      float epsilon) {
    float divisor = terms.divisor();
    float factor = terms.factor();
    float l2 = terms.l2();
    for (int i = from; i < to; i++) {
      float gradient = g[i] / divisor * factor + l2 * theta[i];
      float square = keep * s[i] + gradient * gradient * add;
      float change =
          gradient * ((float) Math.sqrt(a[i] + epsilon) / (float) Math.sqrt(square + epsilon));
      s[i] = square;
      a[i] = keep * a[i] + change * change * add;
      g[i] = change;
    }
  }
}
