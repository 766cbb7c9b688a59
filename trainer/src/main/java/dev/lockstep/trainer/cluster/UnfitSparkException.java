package dev.lockstep.trainer.cluster;

/** The Spark context is not fit for training; the message says which settings to add. */
public final class UnfitSparkException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  UnfitSparkException(String message) {
    super(message);
  }
}
