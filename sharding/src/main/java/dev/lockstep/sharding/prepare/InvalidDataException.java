package dev.lockstep.sharding.prepare;

import java.io.IOException;

/** The data themselves are wrong; trying again would not help. The message says where and what. */
public sealed class InvalidDataException extends IOException permits LeftOutException {

  private static final long serialVersionUID = 1;

  /** With a message for the owner of the data. */
  public InvalidDataException(String message) {
    super(message);
  }
}
