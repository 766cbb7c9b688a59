package dev.lockstep.ps.client;

import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.PullReply;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.ShardEndpoint;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.TreeNode;
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

  /** Fails with the first message that fails, wherever in its window. */
  private final CompletableFuture<Void> broken = new CompletableFuture<>();

  private final int mostFrames;
  private long leastVersion;
  private List<StepOutcome> outcomes = List.of();

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
   * @param when the step
   * @param node the virtual workers that are summed in {@code gradient}
   * @param sums what was summed
   * @param gradient length P, the gradient sum; ignored where there are no examples. Free again
   *     when this method returns
   * @throws AttemptAbortedException if the attempt is over or a shard refused an earlier message
   */
  public void push(StepKey when, TreeNode node, Contribution sums, float[] gradient)
      throws InterruptedException {
    if (sums.examples() > 0) {
      checkLength("gradient", gradient);
    }
    for (int frame = 0; frame < mostFrames; frame++) {
      for (int shard = 0; shard < windows.size(); shard++) {
        if (frame < layout.frames(shard)) {
          FloatBuffer floats = sums.examples() == 0 ? NOTHING : slice(gradient, shard, frame);
          Window window = windows.get(shard);
          window.makeRoom();
          window.add(
              "push of step " + when.step(),
              window.shard.push(new Push(attempt, when, node, frame, sums, floats)));
        }
      }
    }
  }

  /**
   * Waits until θ has taken some steps and copies it as it is then.
   *
   * @param version steps that every frame of θ must have taken at least; 0 for θ as it is in mode
   *     {@code async}, elsewhere not less than the staleness allows
   * @param outcomesFrom first step whose outcome is wanted, with all completed ones after it;
   *     {@link Pull#NO_OUTCOMES} for none
   * @param theta receives P floats
   * @throws AttemptAbortedException if the attempt is over, a shard refused a message or the bound
   *     has passed
   */
  public Pulled pull(long version, long outcomesFrom, float[] theta) throws InterruptedException {
    checkLength("theta", theta);
    leastVersion = Long.MAX_VALUE;
    outcomes = List.of();
    int keeper = layout.keeperOfOutcomes();
    for (int frame = 0; frame < mostFrames; frame++) {
      for (int shard = 0; shard < windows.size(); shard++) {
        if (frame < layout.frames(shard)) {
          long from = shard == keeper && frame == 0 ? outcomesFrom : Pull.NO_OUTCOMES;
          Window window = windows.get(shard);
          window.makeRoom();
          window.add(
              "pull of version " + version,
              window.shard.pull(
                  new Pull(attempt, version, frame, from, slice(theta, shard, frame))));
        }
      }
    }
    for (Window window : windows) {
      window.drain();
    }
    return new Pulled(leastVersion, outcomes.isEmpty() ? outcomes : allOutcomes(version, theta));
  }

  /** Asks again while replies are full. θ of that one frame may be newer then. */
  private List<StepOutcome> allOutcomes(long version, float[] theta) throws InterruptedException {
    List<StepOutcome> all = new ArrayList<>(outcomes);
    while (outcomes.size() == Pull.MOST_OUTCOMES) {
      long from = all.get(all.size() - 1).step() + 1;
      outcomes = List.of();
      int keeper = layout.keeperOfOutcomes();
      Window window = windows.get(keeper);
      window.add(
          "pull of outcomes from step " + from,
          window.shard.pull(new Pull(attempt, version, 0, from, slice(theta, keeper, 0))));
      window.drain();
      all.addAll(outcomes);
    }
    return all;
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

  private void accept(Object answer) {
    if (answer instanceof PullReply reply) {
      leastVersion = Math.min(leastVersion, reply.version());
      if (!reply.outcomes().isEmpty()) {
        outcomes = reply.outcomes();
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
      String named = what + ", " + shard;
      pending.add(new Pending(named, answer));
      CompletableFuture<?> unused =
          answer.whenComplete(
              (nothing, failure) -> {
                if (failure != null) {
                  broken.completeExceptionally(
                      new AttemptAbortedException(named + ": " + failure.getMessage(), failure));
                }
              });
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
      if (!oldest.answer.isDone()) {
        // What failed behind it may be the reason why it is not answered.
        CompletableFuture<Object> settled =
            CompletableFuture.anyOf(oldest.answer, broken).handle((answer, failure) -> null);
        signal.await(settled, bound, oldest.what);
        if (!oldest.answer.isDone()) {
          signal.await(broken, bound, oldest.what);
        }
      }
      accept(signal.await(oldest.answer, bound, oldest.what));
    }
  }

  private record Pending(String what, CompletableFuture<?> answer) {}
}
