package dev.lockstep.sharding.ingest.image;

import java.io.IOException;

/** The image cannot be used as it is. The message follows the name of the file. */
public final class UnreadableImageException extends IOException {

  private static final long serialVersionUID = 1;

  UnreadableImageException(String message) {
    super(message);
  }
}
