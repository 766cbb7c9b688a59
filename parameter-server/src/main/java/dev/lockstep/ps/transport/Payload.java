package dev.lockstep.ps.transport;

import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.transport.message.FrameCodec;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts what the workers of one JVM exchange with parameter shards, as {@link Exchanged} says.
 * Thread-safe.
 */
final class Payload {

  private final LongAdder pushed = new LongAdder();
  private final LongAdder pulled = new LongAdder();

  void pushed(FrameCodec gradient) {
    pushed.add(gradient.dataLength());
  }

  void pulled(Pull pull) {
    pulled.add((long) pull.destination().remaining() * Float.BYTES);
  }

  Exchanged total() {
    return new Exchanged(pushed.sum(), pulled.sum());
  }
}
