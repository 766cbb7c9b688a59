package dev.lockstep.ps.optim;

import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * RMSprop as in PyTorch: {@code s' = alpha * s + (1 - alpha) * g * g}, {@code d = g / (sqrt(s') +
 * epsilon)}, {@code u = lr * d}. Centred, {@code a' = alpha * a + (1 - alpha) * g} and {@code s' -
 * a' * a'} is under the root (not below 0, where float32 would round it to). With momentum, {@code
 * b' = momentum * b + d}, {@code u = lr * b'}. State: s; then a if centred; then b if momentum is
 * above 0.
 *
 * @param learningRate lr
 * @param alpha in [0, 1)
 * @param epsilon outside the root
 * @param momentum 0 for none
 * @param centring whether the mean is taken off
 * @param weightDecay L2: {@code g += weightDecay * θ}
 */
public record RmsProp(
    Schedule learningRate,
    double alpha,
    double epsilon,
    double momentum,
    Centring centring,
    double weightDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults. */
  public static final RmsProp DEFAULT =
      new RmsProp(Schedule.fixed(1e-2), 0.99, 1e-8, 0, Centring.NONE, 0);

  /** What the gradient is normalised by. */
  public enum Centring {
    /** Its second moment. */
    NONE,
    /** Its variance: PyTorch's {@code centered}. */
    CENTRED
  }

  /** Checks the hyperparameters. */
  public RmsProp {
    Objects.requireNonNull(learningRate, "learningRate");
    Objects.requireNonNull(centring, "centring");
    Hyperparameters.requireFraction("RmsProp alpha", alpha);
    Hyperparameters.requireNonNegative("RmsProp epsilon", epsilon);
    Hyperparameters.requireNonNegative("RmsProp momentum", momentum);
    Hyperparameters.requireNonNegative("RmsProp weightDecay", weightDecay);
  }

  @Override
  public int stateVectors() {
    return 1 + (centring == Centring.CENTRED ? 1 : 0) + (momentum > 0 ? 1 : 0);
  }

  @Override
  public double coupledDecay() {
    return weightDecay;
  }

  @Override
  public UpdateKernel kernel(StepTime time) {
    float rate = (float) learningRate(time);
    float keep = (float) alpha;
    float add = (float) (1 - alpha);
    float floor = (float) epsilon;
    float mu = (float) momentum;
    int last = stateVectors() - 1;
    return (theta, g, state, from, to, terms) -> {
      if (centring == Centring.CENTRED) {
        centred(theta, g, state[0], state[1], from, to, terms, keep, add, floor);
      } else {
        uncentred(theta, g, state[0], from, to, terms, keep, add, floor);
      }
      if (mu > 0) {
        momentum(theta, g, state[last], from, to, terms.decay(), rate, mu);
      } else {
        PlainKernel.finish(theta, g, from, to, terms.decay(), rate);
      }
    };
  }

  private static void uncentred(
      float[] theta,
      float[] g,
      float[] s,
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
      float square = keep * s[i] + add * gradient * gradient;
      s[i] = square;
      g[i] = gradient / ((float) Math.sqrt(square) + epsilon);
    }
  }

  private static void centred(
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
      float square = keep * s[i] + add * gradient * gradient;
      float mean = keep * a[i] + add * gradient;
      s[i] = square;
      a[i] = mean;
      g[i] = gradient / ((float) Math.sqrt(Math.max(0f, square - mean * mean)) + epsilon);
    }
  }

  private static void momentum(
      float[] theta, float[] g, float[] b, int from, int to, float decay, float rate, float mu) {
    for (int i = from; i < to; i++) {
      float x = theta[i];
      float buffer = mu * b[i] + g[i];
      b[i] = buffer;
      float update = rate * buffer + decay * x;
      g[i] = update;
      theta[i] = x - update;
    }
  }
}
