package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.Betas;
import dev.lockstep.ps.optim.kernel.NadamKernel;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * NAdam as in PyTorch 1.13: m and v as in {@link Adam}, {@code mu(i) = beta1 * (1 - 0.96^(i *
 * momentumDecay) / 2)}, {@code p(t) = mu(1) * ... * mu(t)}, {@code u = lr * ((1 - mu(t)) / (1 -
 * p(t)) * g + mu(t + 1) / (1 - p(t) * mu(t) * mu(t + 1)) * m') / (sqrt(v' / (1 - beta2^t)) +
 * epsilon)}. State: m, v.
 *
 * <p>That mu(t) counts twice in the second divisor is PyTorch 1's; PyTorch 2 has {@code 1 - p(t +
 * 1)}. The two differ in the first few dozen steps only, until p is negligible.
 *
 * @param learningRate lr
 * @param beta1 in [0, 1)
 * @param beta2 in [0, 1)
 * @param epsilon after the bias correction
 * @param weightDecay L2: {@code g += weightDecay * θ}
 * @param momentumDecay how fast the momentum grows to beta1
 */
public record Nadam(
    Schedule learningRate,
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    double momentumDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults. */
  public static final Nadam DEFAULT = new Nadam(Schedule.fixed(2e-3), 0.9, 0.999, 1e-8, 0, 4e-3);

  private static final double LOG_BASE = StrictMath.log(0.96);

  /** Below this, {@code 1 - p} rounds to 1. */
  private static final double NEGLIGIBLE = StrictMath.log(0x1p-54);

  /** Checks the hyperparameters. */
  public Nadam {
    Objects.requireNonNull(learningRate, "learningRate");
    Hyperparameters.requireFraction("Nadam beta1", beta1);
    Hyperparameters.requireFraction("Nadam beta2", beta2);
    Hyperparameters.requireNonNegative("Nadam epsilon", epsilon);
    Hyperparameters.requireNonNegative("Nadam weightDecay", weightDecay);
    Hyperparameters.requireNonNegative("Nadam momentumDecay", momentumDecay);
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
    long t = time.updates() + 1;
    double rate = learningRate(time);
    double mu = momentum(t);
    double next = momentum(t + 1);
    double product = momentumProduct(t);
    float ofGradient = (float) (rate * (1 - mu) / (1 - product));
    float ofMean = (float) (rate * next / (1 - product * mu * next));
    float scale = (float) (1 / StrictMath.sqrt(1 - StrictMath.pow(beta2, (double) t)));
    return new NadamKernel(Betas.of(beta1, beta2), ofGradient, ofMean, scale, (float) epsilon);
  }

  /** mu(i). */
  double momentum(long i) {
    return beta1 * (1 - 0.5 * StrictMath.exp(i * momentumDecay * LOG_BASE));
  }

  /**
   * p(t), without a loop over t and without state that a checkpoint would have to carry. With
   * {@code q = 0.96^momentumDecay}, the product of {@code 1 - q^i / 2} over i is a q-Pochhammer
   * symbol, whose logarithm is {@code -sum over k >= 1 of 2^-k / k * (q^k - q^(k (t + 1))) / (1 -
   * q^k)}: each {@code log(1 - q^i / 2)} as its power series, summed over i first. 60 terms give
   * float64.
   */
  double momentumProduct(long t) {
    double log = t * StrictMath.log(beta1);
    double half = 1;
    for (int k = 1; k <= 60 && log > NEGLIGIBLE; k++) {
      half /= 2;
      double logPower = k * momentumDecay * LOG_BASE;
      double sumOfPowers =
          momentumDecay == 0
              ? t
              : StrictMath.exp(logPower)
                  * StrictMath.expm1(t * logPower)
                  / StrictMath.expm1(logPower);
      log -= half / k * sumOfPowers;
    }
    return log > NEGLIGIBLE ? StrictMath.exp(log) : 0;
  }
}
