package dev.lockstep.trainer.checkpoint;

import java.io.IOException;
import java.nio.file.Path;

/** Decides what goes wrong on {@link FaultyFiles}. */
public interface Faults {

  /** What is done to files, as far as it can go wrong. */
  enum Operation {
    CREATE,
    WRITE,
    SYNC,
    CLOSE,
    OPEN,
    LIST,
    MKDIRS,
    RENAME,
    DELETE
  }

  /** How it goes wrong. */
  enum Fault {
    /** Not at all. */
    NONE,
    /** Nothing is done, for want of permission. */
    DENIED,
    /** Nothing is done, and an exception says so. */
    FAILED,
    /** Nothing is done, and the result is {@code false}. */
    REFUSED,
    /** It is done, and an exception says that it was not. */
    UNANSWERED,
    /** CREATE: the disk is full after some bytes. */
    FULL,
    /** CREATE: what comes after some bytes is lost, and nobody says so. */
    CUT,
    /** CREATE, OPEN: one bit is another, and nobody says so. */
    FLIPPED
  }

  /** Before an operation; may block, or throw an error where the process is to end here. */
  Fault before(Operation operation, Path path) throws IOException;

  /** A number in [0, bound), to choose places with. */
  int pick(int bound);

  /** The process ended: nothing is done any more, cleaning up included. */
  final class Died extends Error {
    private static final long serialVersionUID = 1L;
  }
}
