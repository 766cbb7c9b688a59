package dev.lockstep.ps.transport.rpc;

import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Carries out what {@link MessageFaults} decides, for one end of connections. Makes a thread only
 * when there are faults. Thread-safe.
 */
final class FaultyWire implements AutoCloseable {

  private final MessageFaults faults;
  private final Description description;
  private final ScheduledExecutorService timerOrNull;

  /** Reads from a request what is said of it. */
  @FunctionalInterface
  public interface Description {
    WireMessage of(WireMessage.Moment moment, ByteBuffer request, SocketAddress peer);
  }

  FaultyWire(MessageFaults faults, Description description) {
    this.faults = faults;
    this.description = description;
    this.timerOrNull = faults == MessageFaults.NONE ? null : timer();
  }

  private static ScheduledExecutorService timer() {
    return new ScheduledThreadPoolExecutor(
        1, MessageServer.daemons("lockstep-faults"), new ThreadPoolExecutor.DiscardPolicy());
  }

  /** Whether messages go straight on: then nothing else here need be called. */
  boolean isSound() {
    return faults == MessageFaults.NONE;
  }

  /** What is said of a request. */
  WireMessage describe(WireMessage.Moment moment, ByteBuffer request, SocketAddress peer) {
    return description.of(moment, request, peer);
  }

  /**
   * Lets a message go on: once, or not at all, twice, later, changed.
   *
   * @param message what is said of it
   * @param bytes the message; must stay as they are until it has gone on
   * @param onward takes it
   * @param reset ends the connection, and the message with it
   */
  void pass(WireMessage message, ByteBuffer bytes, Consumer<ByteBuffer> onward, Runnable reset) {
    MessageFault fate = faults.fate(message);
    if (fate instanceof MessageFault.Duplicate) {
      // The answer to the first may free the memory of both.
      ByteBuffer second = copy(bytes);
      onward.accept(bytes);
      onward.accept(second);
    } else if (fate instanceof MessageFault.Delay late) {
      var unused =
          timerOrNull.schedule(
              () -> onward.accept(bytes), late.by().toNanos(), TimeUnit.NANOSECONDS);
    } else if (fate instanceof MessageFault.Corrupt corrupt) {
      onward.accept(flip(copy(bytes), corrupt.bit()));
    } else if (fate instanceof MessageFault.Reset) {
      reset.run();
    } else if (fate instanceof MessageFault.Pass) {
      onward.accept(bytes);
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

  /** Drops what is still delayed. */
  @Override
  public void close() {
    if (timerOrNull != null) {
      timerOrNull.shutdownNow();
    }
  }
}
