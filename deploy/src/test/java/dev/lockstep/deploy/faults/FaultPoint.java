package dev.lockstep.deploy.faults;

/** Moments of a training at which a fault can be injected. */
public enum FaultPoint {
  /**
   * An executor is about to authenticate itself to the driver or to another executor, at the start
   * of an attempt; the step does not matter.
   */
  CONNECTING,
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
  /** The manifest has its final name; its temporary file is about to be deleted. */
  MANIFEST_PLACED,
  /** The driver of the test has recorded a step; the fault affects all executors at once. */
  STEP_RECORDED,
  /** The driver receives a report of a worker; the number of reports stands for the step. */
  REPORT_HEARD
}
