package dev.lockstep.sharding.prepare;

/** What becomes of an example that cannot be read. */
public enum BadData {
  /** The first one, in the order of the data, ends the job. */
  FAIL,
  /** It is left out and counted; the manifest's provenance has the count. */
  SKIP
}
