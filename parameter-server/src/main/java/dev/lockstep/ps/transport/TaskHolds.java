package dev.lockstep.ps.transport;

/** Counts the tasks of a JVM that use a node. Thread-safe. */
final class TaskHolds {

  private int held;
  private int finished;
  private boolean closed;

  /** Counts one task more. Returns false once closed. */
  synchronized boolean add() {
    if (closed) {
      return false;
    }
    held++;
    return true;
  }

  /** Counts one finished task more. Returns whether it was the last. */
  synchronized boolean finish() {
    return ++finished == held;
  }

  synchronized boolean hasUnfinished() {
    return finished < held;
  }

  /** Counts one task less; without any left, closes. Returns whether this call closed it. */
  synchronized boolean drop() {
    if (held == 0) {
      return false;
    }
    held--;
    closed = held == 0;
    return closed;
  }

  synchronized void close() {
    closed = true;
  }

  synchronized boolean isClosed() {
    return closed;
  }
}
