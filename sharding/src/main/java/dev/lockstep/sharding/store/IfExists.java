package dev.lockstep.sharding.store;

/** What to do when a location already holds a complete dataset. */
public enum IfExists {
  /** Refuse, and leave it as it is. */
  REFUSE,
  /** Write the new dataset beside it, then put it in its place. */
  REPLACE
}
