package dev.lockstep.ps.optim;

import dev.lockstep.ps.clip.Division;
import dev.lockstep.ps.schedule.Schedule;
import java.io.Serializable;
import java.util.Objects;

/**
 * How one block of θ is updated: {@code ĝ = G / n}, clipping, {@code ĝ += l1 * sign(θ) + l2 * θ},
 * optimizer, {@code u += decay * θ}, {@code θ -= u}: the order of DL4J's {@code UpdaterBlock}. An
 * optimizer's own weight decay comes on top of l2 or weightDecay. Crosses from driver to executors.
 *
 * @param optimizer turns ĝ into u
 * @param l1 coefficient; {@link Schedule#OFF} for none
 * @param l2 coefficient; {@link Schedule#OFF} for none
 * @param weightDecay coefficient; {@link Schedule#OFF} for none
 * @param weightDecayScaling what the weight decay coefficient is multiplied by
 * @param division how the sum over examples becomes ĝ
 */
public record UpdateRule(
    OptimizerSpec optimizer,
    Schedule l1,
    Schedule l2,
    Schedule weightDecay,
    WeightDecayScaling weightDecayScaling,
    Division division)
    implements Serializable {

  /** What a weight decay coefficient is multiplied by. */
  public enum WeightDecayScaling {
    /** The learning rate of the step: DL4J's {@code applyLR}. */
    BY_LEARNING_RATE,
    /** Nothing. */
    NONE
  }

  /** Checks that statistics are only averaged. */
  public UpdateRule {
    Objects.requireNonNull(optimizer, "optimizer");
    Objects.requireNonNull(l1, "l1");
    Objects.requireNonNull(l2, "l2");
    Objects.requireNonNull(weightDecay, "weightDecay");
    Objects.requireNonNull(weightDecayScaling, "weightDecayScaling");
    Objects.requireNonNull(division, "division");
    if (optimizer instanceof OptimizerSpec.Assign) {
      if (!isOff(l1) || !isOff(l2) || !isOff(weightDecay)) {
        throw new IllegalArgumentException(
            "l1=%s l2=%s weightDecay=%s with optimizer=Assign: statistics are not regularized"
                .formatted(l1, l2, weightDecay));
      }
      if (division != Division.BY_EXAMPLES) {
        throw new IllegalArgumentException(
            "division=NONE with optimizer=Assign: statistics are averaged over examples");
      }
    }
  }

  /** Division by n, no regularization. */
  public static UpdateRule of(OptimizerSpec optimizer) {
    return new UpdateRule(
        optimizer,
        Schedule.OFF,
        Schedule.OFF,
        Schedule.OFF,
        WeightDecayScaling.BY_LEARNING_RATE,
        Division.BY_EXAMPLES);
  }

  /** The same with another optimizer. */
  public UpdateRule withOptimizer(OptimizerSpec other) {
    return new UpdateRule(other, l1, l2, weightDecay, weightDecayScaling, division);
  }

  /** The same with another L1 coefficient. */
  public UpdateRule withL1(Schedule coefficient) {
    return new UpdateRule(optimizer, coefficient, l2, weightDecay, weightDecayScaling, division);
  }

  /** The same with another L2 coefficient. */
  public UpdateRule withL2(Schedule coefficient) {
    return new UpdateRule(optimizer, l1, coefficient, weightDecay, weightDecayScaling, division);
  }

  /** The same with another weight decay. */
  public UpdateRule withWeightDecay(Schedule coefficient, WeightDecayScaling scaling) {
    return new UpdateRule(optimizer, l1, l2, coefficient, scaling, division);
  }

  /** The same with another division. */
  public UpdateRule withDivision(Division other) {
    return new UpdateRule(optimizer, l1, l2, weightDecay, weightDecayScaling, other);
  }

  private static boolean isOff(Schedule coefficient) {
    return coefficient.equals(Schedule.OFF);
  }
}
