package dev.lockstep.ps.client;

import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.server.AttemptKey;
import dev.lockstep.ps.server.FrameLayout;
import dev.lockstep.ps.server.Pull;
import dev.lockstep.ps.server.PullReply;
import dev.lockstep.ps.server.Push;
import dev.lockstep.ps.server.ShardEndpoint;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Pushes gradients to, and pulls parameters from, all parameter shards of an attempt. Lives in an
 * executor; belongs to one worker thread.
 *
 * <p>Frames go to all shards in turn, and no shard is sent more than {@link #WINDOW} frames that it
 * has not answered. After any exception the client is of no further use.
 */
public final class ParameterClient {

  /** Unanswered frames for each shard. */
  public static final int WINDOW = 4;

  private static final FloatBuffer NOTHING = FloatBuffer.allocate(0);

  private final AttemptKey attempt;
  private final FrameLayout layout;
  private final AbortSignal signal;
  private final Duration bound;
  private final List<Window> windows = new ArrayList<>();
  private final int mostFrames;
  private long pulledStep = -1;
  private PullReply pulled;

  /**
   * A client of one worker.
   *
   * @param attempt what its messages say
   * @param layout frames of every shard
   * @param shards one endpoint for each shard of the layout
   * @param signal ends its waits
   * @param bound of each wait; must be longer than the slowest worker needs for a step
   */
  public ParameterClient(
      AttemptKey attempt,
      FrameLayout layout,
      List<? extends ShardEndpoint> shards,
      AbortSignal signal,
      Duration bound) {
    if (shards.size() != layout.shards().shards()) {
      throw new IllegalArgumentException(
          "endpoints=" + shards.size() + " != shards=" + layout.shards().shards());
    }
    this.attempt = attempt;
    this.layout = layout;
    this.signal = signal;
    this.bound = bound;
    int most = 0;
    for (int shard = 0; shard < shards.size(); shard++) {
      windows.add(new Window(shards.get(shard)));
      most = Math.max(most, layout.frames(shard));
    }
    this.mostFrames = most;
  }

  /**
   * Pushes the gradient sum of a tree node to all shards. Blocks while windows are full.
   *
   * @param step optimizer steps taken before this one
   * @param epoch epochs completed before this step
   * @param node the virtual workers that are summed in {@code gradient}
   * @param examples how many examples they used; 0 if all of them are empty
   * @param lossSum sum of the losses of those examples; 0 if there are none
   * @param gradient length P, the gradient sum; ignored if {@code examples} is 0. Free again when
   *     this method returns
   * @throws AttemptAbortedException if the attempt is over or a shard refused an earlier message
   */
  public void push(
      long step, int epoch, TreeNode node, long examples, double lossSum, float[] gradient)
      throws InterruptedException {
    if (examples > 0) {
      checkLength("gradient", gradient);
    }
    for (int frame = 0; frame < mostFrames; frame++) {
      for (int shard = 0; shard < windows.size(); shard++) {
        if (frame < layout.frames(shard)) {
          FloatBuffer floats = examples == 0 ? NOTHING : slice(gradient, shard, frame);
          Window window = windows.get(shard);
          window.makeRoom();
          window.add(
              "push of step " + step,
              window.shard.push(
                  new Push(attempt, step, epoch, node, frame, examples, lossSum, floats)));
        }
      }
    }
  }

  /**
   * Waits until a step is in and copies θ as it is then.
   *
   * @param step the step that θ must have taken
   * @param theta receives P floats
   * @return what the step added up to
   * @throws AttemptAbortedException if the attempt is over, a shard refused a message or the bound
   *     has passed
   */
  public StepOutcome pull(long step, float[] theta) throws InterruptedException {
    checkLength("theta", theta);
    pulledStep = step;
    pulled = null;
    for (int frame = 0; frame < mostFrames; frame++) {
      for (int shard = 0; shard < windows.size(); shard++) {
        if (frame < layout.frames(shard)) {
          Window window = windows.get(shard);
          window.makeRoom();
          window.add(
              "pull of step " + step,
              window.shard.pull(new Pull(attempt, step, frame, slice(theta, shard, frame))));
        }
      }
    }
    for (Window window : windows) {
      window.drain();
    }
    return new StepOutcome(pulled.examples(), pulled.lossSum(), pulled.gradientNorm());
  }

  private FloatBuffer slice(float[] vector, int shard, int frame) {
    int begin = layout.begin(shard, frame);
    return FloatBuffer.wrap(vector, begin, layout.end(shard, frame) - begin);
  }

  private void checkLength(String name, float[] vector) {
    if (vector.length != layout.shards().parameters()) {
      throw new IllegalArgumentException(
          name + ": length=" + vector.length + " != parameters=" + layout.shards().parameters());
    }
  }

  private void accept(Object answer, ShardEndpoint shard) {
    if (answer instanceof PullReply reply) {
      if (pulled == null) {
        pulled = reply;
      } else if (!pulled.equals(reply)) {
        throw new IllegalStateException(
            "step " + pulledStep + ": " + shard + " has " + reply + ", other frames " + pulled);
      }
    }
  }

  /** The unanswered frames of one shard, oldest first. */
  private final class Window {
    final ShardEndpoint shard;
    private final ArrayDeque<Pending> pending = new ArrayDeque<>(WINDOW);

    Window(ShardEndpoint shard) {
      this.shard = shard;
    }

    void add(String what, CompletableFuture<?> answer) {
      pending.add(new Pending(what, answer));
    }

    void makeRoom() throws InterruptedException {
      while (!pending.isEmpty() && (pending.size() == WINDOW || pending.peek().answer.isDone())) {
        take();
      }
    }

    void drain() throws InterruptedException {
      while (!pending.isEmpty()) {
        take();
      }
    }

    private void take() throws InterruptedException {
      Pending oldest = pending.remove();
      accept(signal.await(oldest.answer, bound, oldest.what + ", " + shard), shard);
    }
  }

  private record Pending(String what, CompletableFuture<?> answer) {}
}
