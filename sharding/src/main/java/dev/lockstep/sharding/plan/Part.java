package dev.lockstep.sharding.plan;

/** Which side of a {@link Split} an example is on. */
public enum Part {
  /** Used for gradients. */
  TRAINING,
  /** Held out. */
  VALIDATION
}
