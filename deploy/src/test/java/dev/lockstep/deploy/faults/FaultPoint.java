package dev.lockstep.deploy.faults;

/** Moments of a training at which a JVM can be struck. */
public enum FaultPoint {
  /** An executor is about to greet the driver or another one: an attempt begins, of any step. */
  GREETING,
  /** An executor is about to send the first frame of a gradient. */
  BEFORE_PUSH,
  /** An executor has sent the first frame of a gradient, and more were to follow. */
  MID_PUSH,
  /** An executor has finished a step, and is about to send the new parameters. */
  AFTER_REDUCE,
  /** An executor is in the middle of the bytes of its part of a checkpoint. */
  SHARD_BYTES,
  /** The driver has all parts of a checkpoint, and no file of its manifest yet. */
  MANIFEST_CREATE,
  /** The driver is in the middle of the bytes of a manifest. */
  MANIFEST_BYTES,
  /** The manifest bears its name; the one that it was first written under is about to go. */
  MANIFEST_PLACED,
  /** The driver of a test has written down a step: all executors are struck, at once. */
  STEP_RECORDED,
  /** The driver hears a report of a worker; the number of reports stands for the step. */
  REPORT_HEARD
}
