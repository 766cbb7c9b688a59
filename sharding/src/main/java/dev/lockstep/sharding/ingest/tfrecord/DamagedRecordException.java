package dev.lockstep.sharding.ingest.tfrecord;

import java.io.IOException;

/** A record is not what was written. The message follows the place of the record. */
final class DamagedRecordException extends IOException {

  private static final long serialVersionUID = 1;

  DamagedRecordException(String message) {
    super(message);
  }
}
