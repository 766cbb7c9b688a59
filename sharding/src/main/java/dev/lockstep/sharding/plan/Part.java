package dev.lockstep.sharding.plan;

/** Which side of a {@link Split} an example is on. */
public enum Part {
  /** Used for gradients. */
  TRAINING,
  /** Held out, to watch and steer training by. */
  VALIDATION,
  /** Held out, to judge the trained model by: no training looks at it. */
  TEST
}
