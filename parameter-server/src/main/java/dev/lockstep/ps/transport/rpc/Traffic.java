package dev.lockstep.ps.transport.rpc;

import java.util.concurrent.atomic.LongAdder;

/** Counts the bytes of messages that pass through sockets. Thread-safe. */
public final class Traffic {

  private final LongAdder in = new LongAdder();
  private final LongAdder out = new LongAdder();

  void received(int bytes) {
    in.add(bytes);
  }

  void sent(int bytes) {
    out.add(bytes);
  }

  public Transferred total() {
    return new Transferred(in.sum(), out.sum());
  }
}
