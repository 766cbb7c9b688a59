package dev.lockstep.ps.transport.rpc;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Carries out the faults that {@link MessageFaults} decides on. Thread-safe. */
public final class FaultyMessages implements MessageInterceptor {

  private final MessageFaults faults;

  public FaultyMessages(MessageFaults faults) {
    this.faults = faults;
  }

  @Override
  public void intercept(Intercepted message) {
    ByteBuffer bytes = message.bytes();
    MessageFault fault = faults.faultOf(WireMessage.of(message));
    if (fault instanceof MessageFault.Duplicate) {
      // The answer to the first may free the memory of both.
      ByteBuffer second = copy(bytes);
      message.forward().accept(bytes);
      message.forward().accept(second);
    } else if (fault instanceof MessageFault.Delay late) {
      CompletableFuture.delayedExecutor(late.by().toNanos(), TimeUnit.NANOSECONDS, Runnable::run)
          .execute(() -> message.forward().accept(bytes));
    } else if (fault instanceof MessageFault.Corrupt corrupt) {
      message.forward().accept(flip(copy(bytes), corrupt.bit()));
    } else if (fault instanceof MessageFault.Reset) {
      message.reset().run();
    } else if (fault instanceof MessageFault.Pass) {
      message.forward().accept(bytes);
    }
  }

  private static ByteBuffer copy(ByteBuffer bytes) {
    return ByteBuffer.allocate(bytes.remaining())
        .order(bytes.order())
        .put(bytes.duplicate())
        .flip();
  }

  private static ByteBuffer flip(ByteBuffer bytes, int bit) {
    if (bytes.hasRemaining()) {
      int at = Math.floorMod(bit, bytes.limit() * Byte.SIZE);
      int flipped = bytes.get(at / Byte.SIZE) ^ 1 << at % Byte.SIZE;
      bytes.put(at / Byte.SIZE, (byte) flipped);
    }
    return bytes;
  }
}
