package dev.lockstep.sharding.plan;

/** Which side of a {@link Holdout} an example is on. */
public enum Split {
  /** Used for gradients. */
  TRAINING,
  /** Held out, to watch and steer training by. */
  VALIDATION,
  /** Held out, to judge the trained model by: no training looks at it. */
  TEST
}
