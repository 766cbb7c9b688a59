package dev.lockstep.ps.server;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.clip.NormPlan;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One parameter shard in mode {@code sync}: sums what the virtual workers push, makes the optimizer
 * step, hands out θ. Knows no sockets. Thread-safe, never blocks; lives in an executor.
 *
 * <p>Every frame goes through its steps by itself: as soon as its sum is complete it is updated and
 * the pulls that wait for it are answered. Only where the plan needs norms does the shard wait for
 * all its frames, exchange partial norms with the other servers once, and then update.
 *
 * <p>Each (step, tree node, frame) counts once: a repetition within the step is ignored, whatever
 * is late, early or foreign is refused with a {@link RefusedException} and changes nothing.
 */
public final class ShardServer implements ShardEndpoint {

  private final ShardSpec spec;
  private final ServerPeers peers;
  private final Executor executor;
  private final float[] theta;
  private final float[] gradientSum;
  private final ShardOptimizer optimizer;
  private final NormPlan normPlan;
  private final NormCollector norms;
  private final Frame[] frames;
  private final Frame.Total[] totals;
  private final AtomicInteger summed = new AtomicInteger();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  /**
   * A server that waits for the pushes of its first step.
   *
   * @param spec which shard
   * @param theta θ of the shard, length {@code end - begin}; the server's from now on
   * @param stateOrNull optimizer state to continue from, copied; null to start anew
   * @param peers where norms and failures go
   * @param executor runs the updates of frames after an exchange of norms
   */
  public ShardServer(
      ShardSpec spec, float[] theta, float[][] stateOrNull, ServerPeers peers, Executor executor) {
    int length = spec.end() - spec.begin();
    if (theta.length != length) {
      throw new IllegalArgumentException(
          "theta: length=" + theta.length + " != length=" + length + " of shard " + spec.shard());
    }
    this.spec = spec;
    this.peers = peers;
    this.executor = executor;
    this.theta = theta;
    this.gradientSum = new float[length];
    this.optimizer = new ShardOptimizer(spec.plan(), spec.begin(), spec.end());
    if (stateOrNull != null) {
      optimizer.restore(stateOrNull);
    }
    this.normPlan = spec.plan().normPlan();
    this.norms = new NormCollector(spec.layout().shards(), spec.firstStep());
    this.frames = new Frame[spec.layout().frames(spec.shard())];
    this.totals = new Frame.Total[frames.length];
    PairwiseTree tree = new PairwiseTree(spec.virtualWorkers());
    FrameBuffers buffers = new FrameBuffers(Math.min(length, FrameLayout.FRAME));
    for (int i = 0; i < frames.length; i++) {
      frames[i] =
          new Frame(
              i,
              spec.layout().begin(spec.shard(), i) - spec.begin(),
              spec.layout().end(spec.shard(), i) - spec.begin(),
              spec.firstStep(),
              tree,
              buffers,
              gradientSum);
    }
  }

  @Override
  public CompletableFuture<Void> push(Push push) {
    Frame.Total total;
    Frame.Answers answers = Frame.Answers.NONE;
    try {
      check(push.attempt());
      Frame frame = frame("push", push.frame());
      synchronized (frame) {
        checkAlive();
        total = frame.add(push);
        if (total != null && normPlan.groups() == 0) {
          answers = update(frame, total, null);
        }
      }
      if (total != null && normPlan.groups() > 0) {
        totals[push.frame()] = total;
        if (summed.incrementAndGet() == frames.length) {
          exchangeNorms();
        }
      }
    } catch (RefusedException e) {
      return CompletableFuture.failedFuture(e);
    } catch (RuntimeException | Error e) {
      fail(e);
      return CompletableFuture.failedFuture(e);
    }
    answers.complete();
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<PullReply> pull(Pull pull) {
    try {
      check(pull.attempt());
      Frame frame = frame("pull", pull.frame());
      synchronized (frame) {
        checkAlive();
        return frame.pull(pull, theta);
      }
    } catch (RefusedException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public CompletableFuture<Void> norms(ShardNorms part) {
    try {
      check(part.attempt());
      checkAlive();
      gather(part);
    } catch (RefusedException e) {
      return CompletableFuture.failedFuture(e);
    } catch (RuntimeException | Error e) {
      fail(e);
      return CompletableFuture.failedFuture(e);
    }
    return CompletableFuture.completedFuture(null);
  }

  /**
   * A consistent copy of θ and the optimizer's state. Its step is -1 where the shard is empty.
   *
   * @throws IllegalStateException in the midst of an update: take it after a pull and before the
   *     next push of the same worker
   */
  public ShardSnapshot snapshot() {
    float[] copy = new float[theta.length];
    float[][] state = optimizer.state();
    float[][] stateCopy = new float[state.length][theta.length];
    long step = frames.length == 0 ? -1 : stepOf(frames[0]);
    for (Frame frame : frames) {
      synchronized (frame) {
        if (frame.step() != step) {
          throw new IllegalStateException(
              "snapshot of shard "
                  + spec.shard()
                  + ": frames are at steps "
                  + step
                  + " and "
                  + frame.step()
                  + ": take it between steps");
        }
        int length = frame.to - frame.from;
        System.arraycopy(theta, frame.from, copy, frame.from, length);
        for (int k = 0; k < state.length; k++) {
          System.arraycopy(state[k], frame.from, stateCopy[k], frame.from, length);
        }
      }
    }
    return new ShardSnapshot(spec.shard(), spec.begin(), spec.end(), copy, stateCopy, step);
  }

  /** Ends the server: all waiting and all later calls fail with the cause. */
  public void fail(Throwable cause) {
    if (!failure.compareAndSet(null, cause)) {
      return;
    }
    for (Frame frame : frames) {
      List<Frame.Waiting> waiting;
      synchronized (frame) {
        waiting = frame.takeWaiting();
      }
      waiting.forEach(pull -> pull.answer().completeExceptionally(cause));
    }
    peers.failed(cause);
  }

  /** Called with the frame's monitor held. */
  private Frame.Answers update(Frame frame, Frame.Total total, double[] normsOrNull) {
    optimizer.update(
        theta,
        gradientSum,
        frame.from,
        frame.to,
        total.examples(),
        normsOrNull,
        StepTime.of(total.step(), total.epoch()));
    return frame.finish(reply(total, normsOrNull), theta);
  }

  private PullReply reply(Frame.Total total, double[] normsOrNull) {
    boolean global = spec.plan().clipping() instanceof Clipping.GlobalNorm;
    return new PullReply(total.examples(), total.lossSum(), global ? normsOrNull[0] : Double.NaN);
  }

  private void exchangeNorms() {
    summed.set(0);
    Frame.Total first = totals[0];
    for (Frame.Total total : totals) {
      if (!total.equals(first)) {
        throw new IllegalStateException(
            "shard "
                + spec.shard()
                + ": frames add up to "
                + first
                + " and "
                + total
                + ": a worker pushed different counts to different frames");
      }
    }
    ShardNorms own =
        new ShardNorms(
            spec.attempt(),
            first.step(),
            spec.shard(),
            normPlan.partials(gradientSum, spec.begin(), spec.end(), first.examples()));
    peers.publish(own);
    gather(own);
  }

  private void gather(ShardNorms part) {
    Collection<NormPartials> all = norms.add(part);
    // Where this shard has no parameters there is nothing to update.
    if (all == null || frames.length == 0) {
      return;
    }
    double[] values = normPlan.norms(all);
    // The exchange is complete, so our own part is in it: totals are all there.
    for (int i = 0; i < frames.length; i++) {
      Frame frame = frames[i];
      Frame.Total total = totals[i];
      executor.execute(() -> updateWith(frame, total, values));
    }
  }

  private void updateWith(Frame frame, Frame.Total total, double[] values) {
    try {
      Frame.Answers answers;
      synchronized (frame) {
        answers = update(frame, total, values);
      }
      answers.complete();
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  private void check(AttemptKey attempt) {
    if (!attempt.equals(spec.attempt())) {
      throw new RefusedException("message of " + attempt + " refused: this is " + spec.attempt());
    }
  }

  private void checkAlive() {
    Throwable cause = failure.get();
    if (cause != null) {
      throw new RefusedException("shard " + spec.shard() + " has failed: " + cause.getMessage());
    }
  }

  private Frame frame(String what, int index) {
    if (index >= frames.length) {
      throw new RefusedException(
          what
              + " of frame "
              + index
              + " refused: shard "
              + spec.shard()
              + " has frames="
              + frames.length);
    }
    return frames[index];
  }

  private static long stepOf(Frame frame) {
    synchronized (frame) {
      return frame.step();
    }
  }

  @Override
  public String toString() {
    return "shard " + spec.shard() + " in this JVM";
  }
}
