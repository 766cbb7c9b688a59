package dev.lockstep.ps.server;

import dev.lockstep.ps.optim.ModelState;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** A copy of a shard in the making: each frame adds its part when it reaches the version. */
final class SnapshotCapture {

  private final ShardSpec spec;
  private final long version;
  private final AtomicInteger missing;
  private final CompletableFuture<ShardSnapshot> whole = new CompletableFuture<>();

  /** Made when the first frame comes: a capture may wait for long. */
  private ShardSnapshot copy;

  SnapshotCapture(ShardSpec spec, long version, int frames) {
    this.spec = spec;
    this.version = version;
    this.missing = new AtomicInteger(frames);
    if (frames == 0) {
      whole.complete(copy());
    }
  }

  long version() {
    return version;
  }

  CompletableFuture<ShardSnapshot> whole() {
    return whole;
  }

  /** Copies one frame; called with its monitor held. */
  void take(int from, int to, float[] ofTheta, float[][] ofState) {
    ShardSnapshot target = copy();
    System.arraycopy(ofTheta, from, target.model().theta(), from, to - from);
    for (int k = 0; k < ofState.length; k++) {
      System.arraycopy(ofState[k], from, target.model().state()[k], from, to - from);
    }
  }

  /** One frame more is copied; the last one completes the whole. Not in a frame's monitor. */
  void frameTaken() {
    if (missing.decrementAndGet() == 0) {
      whole.complete(copy());
    }
  }

  private synchronized ShardSnapshot copy() {
    if (copy == null) {
      int length = spec.end() - spec.begin();
      float[][] state = new float[spec.plan().stateVectors()][length];
      copy =
          new ShardSnapshot(
              spec.shard(), spec.begin(), new ModelState(new float[length], state), version);
    }
    return copy;
  }
}
