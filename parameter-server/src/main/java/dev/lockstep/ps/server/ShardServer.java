package dev.lockstep.ps.server;

import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.Consistency;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.NonFiniteGradientException;
import dev.lockstep.ps.protocol.OnNonFinite;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.PullReply;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.RefusedException;
import dev.lockstep.ps.protocol.ServerPeers;
import dev.lockstep.ps.protocol.ShardEndpoint;
import dev.lockstep.ps.protocol.ShardNorms;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One parameter shard: turns what the virtual workers push into steps of the optimizer, hands out
 * θ. Knows no sockets. Thread-safe, never blocks; lives in an executor.
 *
 * <p>Every frame goes through its steps by itself: as soon as its sum is complete (in mode {@code
 * async}: as soon as a push is there) it is updated and the pulls that wait for it are answered.
 * Only where the plan needs norms do all frames of the shard go through a step together ({@link
 * NormedStep}).
 *
 * <p>Each (step, tree node, frame) counts once: a repetition before the end of the next step is
 * ignored, whatever else is late, too early or foreign is refused with a {@link RefusedException}
 * and changes nothing.
 */
public final class ShardServer implements ShardEndpoint {

  private final ShardSpec spec;
  private final ServerPeers peers;
  private final float[] theta;
  private final float[] gradientSum;
  private final ShardOptimizer optimizer;
  private final ShardFrame[] frames;

  /** How frames take their steps together; null where each takes its own. */
  private final NormedStep normedOrNull;

  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  /**
   * A server that waits for the pushes of its first step.
   *
   * @param spec which shard
   * @param start θ of the shard, length {@code end - begin}, the server's from now on, and the
   *     optimizer's state, copied
   * @param peers where norms and failures go
   * @param executor runs the updates of frames after an exchange of norms
   */
  public ShardServer(ShardSpec spec, ModelState start, ServerPeers peers, Executor executor) {
    float[] theta = start.theta();
    int length = spec.end() - spec.begin();
    if (theta.length != length) {
      throw new IllegalArgumentException(
          "theta: length=" + theta.length + " != length=" + length + " of shard " + spec.shard());
    }
    this.spec = spec;
    this.peers = peers;
    this.theta = theta;
    this.gradientSum = new float[length];
    this.optimizer = new ShardOptimizer(spec.plan(), spec.begin(), spec.end());
    if (start.state() != null) {
      optimizer.restore(start.state());
    }
    this.frames = new ShardFrame[spec.layout().frames(spec.shard())];
    FrameBuffers buffers = new FrameBuffers(Math.min(length, FrameLayout.FRAME));
    OutcomeLog outcomes = OutcomeLog.of(spec);
    for (int i = 0; i < frames.length; i++) {
      frames[i] = frame(i, buffers, outcomes);
    }
    this.normedOrNull =
        NormedStep.rounds(spec.plan()) == 0 ? null : new NormedStep(new Shard(), executor);
  }

  private ShardFrame frame(int index, FrameBuffers buffers, OutcomeLog outcomes) {
    int from = spec.layout().begin(spec.shard(), index) - spec.begin();
    int to = spec.layout().end(spec.shard(), index) - spec.begin();
    return spec.protocol().consistency() instanceof Consistency.Async async
        ? new ApplyingFrame(index, from, to, spec, async.examplesPerStep(), outcomes, gradientSum)
        : new SummingFrame(index, from, to, spec, outcomes, buffers, gradientSum);
  }

  @Override
  public CompletableFuture<Void> push(Push push) {
    ShardFrame.ReadyReplies ready = new ShardFrame.ReadyReplies();
    try {
      check(push.attempt());
      ShardFrame frame = frame("push", push.frame());
      Update update;
      synchronized (frame) {
        checkAlive();
        update = frame.add(push);
        if (normedOrNull == null) {
          while (update != null) {
            update(frame, update, null, null, Double.NaN, ready);
            update = frame.next();
          }
        }
      }
      if (update != null) {
        normedOrNull.summed(push.frame(), update);
      }
    } catch (RefusedException e) {
      return CompletableFuture.failedFuture(e);
    } catch (RuntimeException | Error e) {
      fail(e);
      return CompletableFuture.failedFuture(e);
    } finally {
      // Also those of a step before the one that failed.
      ready.send();
    }
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<PullReply> pull(Pull pull) {
    try {
      check(pull.attempt());
      ShardFrame frame = frame("pull", pull.frame());
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
      if (normedOrNull == null) {
        throw new RefusedException(
            "norms of step "
                + part.step()
                + " from shard "
                + part.shard()
                + " refused: no update of this run needs norms");
      }
      // Where this shard has no parameters there is nothing to update.
      if (frames.length > 0) {
        normedOrNull.gather(part);
      }
    } catch (RefusedException e) {
      return CompletableFuture.failedFuture(e);
    } catch (RuntimeException | Error e) {
      fail(e);
      return CompletableFuture.failedFuture(e);
    }
    return CompletableFuture.completedFuture(null);
  }

  /**
   * A consistent copy of θ and the optimizer's state as they are after a step. In mode {@code
   * async} it is consistent if no worker pushes beyond that step before all have pushed it.
   *
   * @param version steps taken; ask while the step before is not complete, for example before an
   *     own push of it
   * @return completes when every frame has reached that version
   */
  public CompletableFuture<ShardSnapshot> snapshotAt(long version) {
    SnapshotCapture capture = new SnapshotCapture(spec, version, frames.length);
    try {
      for (ShardFrame frame : frames) {
        boolean taken;
        synchronized (frame) {
          checkAlive();
          taken = frame.capture(capture, theta, optimizer.state());
        }
        if (taken) {
          capture.frameTaken();
        }
      }
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
    return capture.whole();
  }

  /** Ends the server: all waiting and all later calls fail with the cause. */
  public void fail(Throwable cause) {
    if (!failure.compareAndSet(null, cause)) {
      return;
    }
    for (ShardFrame frame : frames) {
      List<CompletableFuture<?>> waiting;
      synchronized (frame) {
        waiting = frame.takeWaiting();
      }
      waiting.forEach(answer -> answer.completeExceptionally(cause));
    }
    peers.failed(cause);
  }

  /** Updates a frame and moves it on. Called with its monitor held. */
  private void update(
      ShardFrame frame,
      Update update,
      double[] clipNormsOrNull,
      double[] trustNormsOrNull,
      double gradientNorm,
      ShardFrame.ReadyReplies ready) {
    int from = frame.from;
    int to = frame.to;
    if (!update.applies()) {
      requireSkipping(update);
    } else if (trustNormsOrNull != null) {
      optimizer.applyTrust(theta, gradientSum, from, to, trustNormsOrNull, update.time());
    } else {
      optimizer.update(
          theta, gradientSum, from, to, update.divisor(), clipNormsOrNull, update.time());
    }
    frame.finish(update, gradientNorm, theta, optimizer.state(), ready);
  }

  private void requireSkipping(Update update) {
    int worker = update.total().nonFinite();
    if (worker != Contribution.FINITE && spec.protocol().onNonFinite() == OnNonFinite.STOP) {
      throw new NonFiniteGradientException(update.step(), worker);
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

  private ShardFrame frame(String what, int index) {
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

  @Override
  public String toString() {
    return "shard " + spec.shard() + " in this JVM";
  }

  /** What a step of all frames together works on. */
  private final class Shard implements NormedStep.Shard {

    @Override
    public ShardSpec spec() {
      return spec;
    }

    @Override
    public int frames() {
      return frames.length;
    }

    @Override
    public NormPartials clipPartials(long examples) {
      return spec.plan().normPlan().partials(gradientSum, spec.begin(), spec.end(), examples);
    }

    @Override
    public void publish(ShardNorms norms) {
      peers.publish(norms);
    }

    @Override
    public void computeDirection(int index, Update update, double[] clipNormsOrNull) {
      ShardFrame frame = frames[index];
      synchronized (frame) {
        optimizer.computeDirection(
            theta,
            gradientSum,
            frame.from,
            frame.to,
            update.divisor(),
            clipNormsOrNull,
            update.time());
      }
    }

    @Override
    public NormPartials trustPartials() {
      return optimizer.trustPartials(theta, gradientSum);
    }

    @Override
    public Update update(
        int index,
        Update update,
        double[] clipNormsOrNull,
        double[] trustNormsOrNull,
        double gradientNorm) {
      ShardFrame frame = frames[index];
      ShardFrame.ReadyReplies ready = new ShardFrame.ReadyReplies();
      try {
        return update(frame, update, clipNormsOrNull, trustNormsOrNull, gradientNorm, ready);
      } finally {
        ready.send();
      }
    }

    private Update update(
        ShardFrame frame,
        Update update,
        double[] clipNormsOrNull,
        double[] trustNormsOrNull,
        double gradientNorm,
        ShardFrame.ReadyReplies ready) {
      synchronized (frame) {
        ShardServer.this.update(
            frame, update, clipNormsOrNull, trustNormsOrNull, gradientNorm, ready);
        return frame.next();
      }
    }

    @Override
    public void fail(Throwable cause) {
      ShardServer.this.fail(cause);
    }
  }
}
