package dev.lockstep.sharding.prepare;

/** A row is to be left out and counted, whatever becomes of bad data: its recipe says so. */
public final class LeftOutException extends InvalidDataException {

  private static final long serialVersionUID = 1;

  LeftOutException(String message) {
    super(message);
  }
}
