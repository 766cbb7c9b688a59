package dev.lockstep.sharding.ingest;

/** A row is to be left out and counted, whatever becomes of bad data: its recipe says so. */
final class LeftOutException extends InvalidDataException {

  private static final long serialVersionUID = 1;

  LeftOutException(String message) {
    super(message);
  }
}
