package dev.lockstep.ps.optim;

import dev.lockstep.ps.optim.kernel.MomentumKernel;
import dev.lockstep.ps.optim.kernel.PlainKernel;
import dev.lockstep.ps.optim.kernel.UpdateKernel;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Objects;

/**
 * SGD as in PyTorch. With momentum {@code b' = momentum * b + (1 - dampening) * g}, at t = 1 {@code
 * b' = g}; {@code u = lr * b'}, or {@code u = lr * (g + momentum * b')} in Nesterov's form.
 * Without, {@code u = lr * g}. State: b; nothing where momentum is {@link Schedule#OFF}.
 *
 * @param learningRate PyTorch has no default
 * @param momentum a schedule, for one-cycle moves it
 * @param dampening in [0, 1]; 0 in Nesterov's form
 * @param form of the momentum
 * @param weightDecay L2: {@code g += weightDecay * θ}
 */
public record Sgd(
    Schedule learningRate, Schedule momentum, double dampening, Form form, double weightDecay)
    implements ElementwiseOptimizer {

  /** PyTorch's defaults, with the learning rate that is its default since version 2. */
  public static final Sgd DEFAULT = new Sgd(Schedule.fixed(1e-3), Schedule.OFF, 0, Form.CLASSIC, 0);

  /** How momentum enters the update. */
  public enum Form {
    /** Polyak's: the update is the buffer. */
    CLASSIC,
    /** Nesterov's: the update looks ahead by one more momentum step. */
    NESTEROV
  }

  /** Checks the hyperparameters. */
  public Sgd {
    Objects.requireNonNull(learningRate, "learningRate");
    Objects.requireNonNull(momentum, "momentum");
    Objects.requireNonNull(form, "form");
    Hyperparameters.requireNonNegative("Sgd weightDecay", weightDecay);
    if (!(dampening >= 0 && dampening <= 1)) {
      throw new IllegalArgumentException("Sgd dampening=" + dampening + " must be in [0, 1]");
    }
    if (form == Form.NESTEROV && (dampening != 0 || momentum.equals(Schedule.OFF))) {
      throw new IllegalArgumentException(
          "Sgd form=NESTEROV with momentum=%s and dampening=%s: give it a momentum, and dampening=0"
              .formatted(momentum, dampening));
    }
  }

  /** The same at a fixed learning rate. */
  public Sgd withLearningRate(double rate) {
    return new Sgd(Schedule.fixed(rate), momentum, dampening, form, weightDecay);
  }

  /** The same with a fixed momentum, which enters the update in this form. */
  public Sgd withMomentum(double value, Form newForm) {
    return new Sgd(learningRate, Schedule.fixed(value), dampening, newForm, weightDecay);
  }

  @Override
  public int stateVectors() {
    return momentum.equals(Schedule.OFF) ? 0 : 1;
  }

  @Override
  public double coupledDecay() {
    return weightDecay;
  }

  @Override
  public UpdateKernel kernel(StepTime time) {
    float rate = (float) learningRate(time);
    if (stateVectors() == 0) {
      return new PlainKernel(rate);
    }
    double mu = momentum.at(time.iteration(), time.epoch());
    float keep = (float) mu;
    float add = (float) (time.updates() == 0 ? 1 : 1 - dampening);
    float ofBuffer = (float) (learningRate(time) * (form == Form.NESTEROV ? mu : 1));
    float ofGradient = form == Form.NESTEROV ? rate : 0f;
    return new MomentumKernel(keep, add, ofBuffer, ofGradient);
  }
}
