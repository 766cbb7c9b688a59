package dev.lockstep.ps.server;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.clip.NormPlan;
import dev.lockstep.ps.optim.UpdatePlan;
import java.util.Collection;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Takes the frames of a shard through a step together, where the update needs norms over all of θ:
 * once all frames are summed, the servers exchange parts of the norms, and then all frames are
 * updated. Thread-safe, never blocks.
 */
final class NormedStep {

  private final Shard shard;
  private final Executor executor;
  private final NormPlan clipPlan;
  private final NormCollector norms;

  /** Frames whose sums are complete, and what they are ready for. */
  private final AtomicInteger summed = new AtomicInteger();

  private final Update[] updates;

  /** Written before this server's part of the norms is gathered, read after. */
  private volatile Update[] step;

  /** What a step needs of its shard. */
  interface Shard {

    ShardSpec spec();

    int frames();

    /** The shard's part of the norms of clipping. */
    NormPartials clipPartials(long examples);

    void publish(ShardNorms norms);

    /**
     * Updates a frame.
     *
     * @return what the frame is ready for next, or null
     */
    Update update(int frame, Update update, double[] clipNormsOrNull, double gradientNorm);

    void fail(Throwable cause);
  }

  NormedStep(Shard shard, Executor executor) {
    this.shard = shard;
    this.executor = executor;
    this.clipPlan = shard.spec().plan().normPlan();
    this.norms = new NormCollector(shard.spec(), rounds(shard.spec().plan()));
    this.updates = new Update[shard.frames()];
  }

  /** Exchanges of norms in a step; 0 where frames need not wait for each other. */
  static int rounds(UpdatePlan plan) {
    return plan.normPlan().groups() > 0 ? 1 : 0;
  }

  /** A frame's sum is complete; its next one will be only after it was updated. */
  void summed(int frame, Update update) {
    updates[frame] = update;
    if (summed.incrementAndGet() == updates.length) {
      summed.set(0);
      begin(updates.clone());
    }
  }

  private void begin(Update[] all) {
    for (Update update : all) {
      if (!update.equals(all[0])) {
        throw new IllegalStateException(
            "shard "
                + shard.spec().shard()
                + ": frames add up to "
                + all[0]
                + " and "
                + update
                + ": a worker pushed different counts to different frames");
      }
    }
    step = all;
    Update first = all[0];
    if (!first.applies()) {
      norms.moveTo(first.step() + 1);
      update(all, null, Double.NaN);
      return;
    }
    norms.moveTo(first.step());
    exchange(first.step(), 0, shard.clipPartials(first.divisor()));
  }

  private void exchange(long stepNumber, int round, NormPartials part) {
    ShardNorms own =
        new ShardNorms(shard.spec().attempt(), stepNumber, round, shard.spec().shard(), part);
    shard.publish(own);
    gather(own);
  }

  /** Takes a part of the norms; the last one of an exchange makes the step go on. */
  void gather(ShardNorms part) {
    Collection<NormPartials> all = norms.add(part);
    if (all == null) {
      return;
    }
    double[] values = clipPlan.norms(all);
    boolean global = shard.spec().plan().clipping() instanceof Clipping.GlobalNorm;
    update(step, values, global ? values[0] : Double.NaN);
  }

  private void update(Update[] all, double[] clipNormsOrNull, double gradientNorm) {
    for (int i = 0; i < all.length; i++) {
      int frame = i;
      executor.execute(() -> update(frame, all[frame], clipNormsOrNull, gradientNorm));
    }
  }

  private void update(int frame, Update update, double[] clipNormsOrNull, double gradientNorm) {
    try {
      Update next = shard.update(frame, update, clipNormsOrNull, gradientNorm);
      if (next != null) {
        summed(frame, next);
      }
    } catch (RuntimeException | Error e) {
      shard.fail(e);
    }
  }
}
