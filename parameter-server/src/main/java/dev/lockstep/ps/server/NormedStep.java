package dev.lockstep.ps.server;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.clip.NormPlan;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.protocol.ShardNorms;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Takes the frames of a shard through a step together, where the update needs norms over all of θ.
 * Once all frames are summed:
 *
 * <pre>
 *   exchange of norms for clipping        where the plan clips by a norm
 *   first pass over all frames            where the plan is layer-wise
 *   exchange of norms for trust ratios    where the plan is layer-wise
 *   update of all frames
 * </pre>
 *
 * <p>Thread-safe, never blocks.
 */
final class NormedStep {

  private final Shard shard;
  private final Executor executor;
  private final UpdatePlan plan;
  private final NormPlan clipPlan;
  private final NormCollector norms;

  /** Frames whose sums are complete, and what they are ready for. */
  private final AtomicInteger summed = new AtomicInteger();

  private final Update[] updates;

  /** Frames that the first pass of a layer-wise plan has not been over. */
  private final AtomicInteger undirected = new AtomicInteger();

  // Written before this server's part of the norms is gathered, read after.
  private volatile Update[] step;
  private volatile double[] clipNormsOrNull;

  /** What a step needs of its shard. */
  interface Shard {

    ShardSpec spec();

    int frames();

    /** The shard's part of the norms of clipping. */
    NormPartials clipPartials(long examples);

    void publish(ShardNorms norms);

    /** The first pass over a frame, by a layer-wise plan. */
    void computeDirection(int frame, Update update, double[] clipNormsOrNull);

    /** The shard's part of the norms between the two passes. */
    NormPartials trustPartials();

    /**
     * Updates a frame.
     *
     * @param trustNormsOrNull null where the plan is not layer-wise
     * @return what the frame is ready for next, or null
     */
    Update update(
        int frame,
        Update update,
        double[] clipNormsOrNull,
        double[] trustNormsOrNull,
        double gradientNorm);

    void fail(Throwable cause);
  }

  NormedStep(Shard shard, Executor executor) {
    this.shard = shard;
    this.executor = executor;
    this.plan = shard.spec().plan();
    this.clipPlan = plan.normPlan();
    this.norms = new NormCollector(shard.spec(), rounds(plan));
    this.updates = new Update[shard.frames()];
  }

  /** Exchanges of norms in a step; 0 where frames need not wait for each other. */
  static int rounds(UpdatePlan plan) {
    return (plan.normPlan().groups() > 0 ? 1 : 0) + (plan.isLayerwise() ? 1 : 0);
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
    clipNormsOrNull = null;
    if (!first.applies()) {
      norms.moveTo(first.step() + 1);
      update(null);
      return;
    }
    norms.moveTo(first.step());
    if (clipPlan.groups() > 0) {
      exchange(0, shard.clipPartials(first.divisor()));
    } else {
      afterClipping();
    }
  }

  private void exchange(int round, NormPartials part) {
    ShardNorms own =
        new ShardNorms(shard.spec().attempt(), step[0].step(), round, shard.spec().shard(), part);
    shard.publish(own);
    gather(own);
  }

  /** Takes a part of the norms; the last one of an exchange continues the step. */
  void gather(ShardNorms part) {
    NormCollector.Exchange all = norms.add(part);
    if (all == null) {
      return;
    }
    if (all.round() == 0 && clipPlan.groups() > 0) {
      clipNormsOrNull = clipPlan.norms(all.parts());
      afterClipping();
    } else {
      update(plan.trustPlan().norms(all.parts()));
    }
  }

  private void afterClipping() {
    if (!plan.isLayerwise()) {
      update(null);
      return;
    }
    undirected.set(updates.length);
    forEachFrame(
        (frame, update) -> {
          shard.computeDirection(frame, update, clipNormsOrNull);
          if (undirected.decrementAndGet() == 0) {
            exchange(clipPlan.groups() > 0 ? 1 : 0, shard.trustPartials());
          }
        });
  }

  private void update(double[] trustNormsOrNull) {
    double[] clipNorms = clipNormsOrNull;
    double gradientNorm =
        clipNorms != null && plan.clipping() instanceof Clipping.GlobalNorm
            ? clipNorms[0]
            : Double.NaN;
    forEachFrame(
        (frame, update) -> {
          Update next = shard.update(frame, update, clipNorms, trustNormsOrNull, gradientNorm);
          if (next != null) {
            summed(frame, next);
          }
        });
  }

  /** What is done to a frame. */
  private interface FrameAction {
    void on(int frame, Update update);
  }

  private void forEachFrame(FrameAction action) {
    Update[] all = step;
    for (int i = 0; i < all.length; i++) {
      int frame = i;
      executor.execute(
          () -> {
            try {
              action.on(frame, all[frame]);
            } catch (RuntimeException | Error e) {
              shard.fail(e);
            }
          });
    }
  }
}
