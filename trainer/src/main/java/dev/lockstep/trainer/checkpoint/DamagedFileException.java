package dev.lockstep.trainer.checkpoint;

import java.io.IOException;

/** A file of a checkpoint is there, or should be, and is not what was written. */
public final class DamagedFileException extends IOException {

  private static final long serialVersionUID = 1L;

  DamagedFileException(String message) {
    super(message);
  }

  DamagedFileException(String message, Throwable cause) {
    super(message, cause);
  }
}
