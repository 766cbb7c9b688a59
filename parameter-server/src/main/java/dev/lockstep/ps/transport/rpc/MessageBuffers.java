package dev.lockstep.ps.transport.rpc;

import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.transport.message.Wire;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;

/**
 * A pool of buffers for outgoing messages as long as a frame: direct, since Netty copies anything
 * else before every write, and reused, since new memory is zeroed first. Thread-safe.
 *
 * <p>A buffer that is never given back is left to the garbage collector.
 */
final class MessageBuffers {

  /** Shorter messages get new memory. */
  static final int SHORTEST = 16 * 1024;

  /** A full frame and what a message says about it. */
  static final int LONGEST = FrameLayout.FRAME * Float.BYTES + 4096;

  /** Buffers kept for later, 260 KiB each: never more than were in use at once. */
  private static final int KEPT = 256;

  private final ConcurrentLinkedQueue<ByteBuffer> free = new ConcurrentLinkedQueue<>();
  private final AtomicInteger kept = new AtomicInteger();

  /** Memory for one message. */
  BufferLease lease() {
    return new BufferLease();
  }

  private ByteBuffer take() {
    ByteBuffer buffer = free.poll();
    if (buffer == null) {
      return ByteBuffer.allocateDirect(LONGEST);
    }
    kept.decrementAndGet();
    return buffer;
  }

  private void give(ByteBuffer buffer) {
    if (kept.get() < KEPT) {
      kept.incrementAndGet();
      free.add(buffer);
    }
  }

  /** The memory of one message, from its writing to the end of its sending. */
  final class BufferLease implements IntFunction<ByteBuffer> {

    private final AtomicReference<ByteBuffer> leased = new AtomicReference<>();

    private BufferLease() {}

    /**
     * A little-endian message of that length, position 0, whose bytes are anything. At most one
     * such message is leased; others get new, zeroed memory.
     */
    @Override
    public ByteBuffer apply(int length) {
      if (length < SHORTEST || length > LONGEST || leased.get() != null) {
        return Wire.allocate(length);
      }
      ByteBuffer buffer = take();
      leased.set(buffer);
      return buffer.slice(0, length).order(ByteOrder.LITTLE_ENDIAN);
    }

    boolean isEmpty() {
      return leased.get() == null;
    }

    /** Gives the memory back, once: it must not be read or written any more. */
    void end() {
      ByteBuffer buffer = leased.getAndSet(null);
      if (buffer != null) {
        give(buffer);
      }
    }
  }
}
