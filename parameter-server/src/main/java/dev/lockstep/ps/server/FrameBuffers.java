package dev.lockstep.ps.server;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** Recycles the arrays that hold pushes while they wait for their sibling in the tree. */
final class FrameBuffers {

  /** Arrays kept for later; 64 of 256 KiB. */
  private static final int KEPT = 64;

  private final int length;
  private final ConcurrentLinkedQueue<float[]> free = new ConcurrentLinkedQueue<>();
  private final AtomicInteger kept = new AtomicInteger();

  FrameBuffers(int length) {
    this.length = length;
  }

  float[] take() {
    float[] buffer = free.poll();
    if (buffer == null) {
      return new float[length];
    }
    kept.decrementAndGet();
    return buffer;
  }

  void give(float[] buffer) {
    if (kept.get() < KEPT) {
      kept.incrementAndGet();
      free.add(buffer);
    }
  }
}
