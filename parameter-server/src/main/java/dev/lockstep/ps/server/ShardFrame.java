package dev.lockstep.ps.server;

import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.PullReply;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.RefusedException;
import dev.lockstep.ps.protocol.StepOutcome;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One frame of a shard: how many steps it has taken, the pulls that wait for more of them, and the
 * pushes that become the next. Guarded by its own monitor, which its callers hold.
 */
abstract class ShardFrame {

  /** First element and first element after the frame, counted from the shard's begin. */
  final int from;

  final int to;

  private final int index;
  private final OutcomeLog outcomes;
  private final List<Waiting> waiting = new ArrayList<>();
  private final List<SnapshotCapture> captures = new ArrayList<>();
  private long version;

  /**
   * A frame that has taken some steps.
   *
   * @param outcomes of the shard's frames; a frame adds to it if it is the one that keeps it
   */
  ShardFrame(int index, int from, int to, long version, OutcomeLog outcomes) {
    this.index = index;
    this.from = from;
    this.to = to;
    this.version = version;
    this.outcomes = outcomes;
  }

  /** A pull that waits for a version. */
  record Waiting(Pull pull, CompletableFuture<PullReply> answer) {}

  /** A reply whose destination is filled. */
  private record ReadyReply(CompletableFuture<PullReply> to, PullReply reply) {}

  /** Replies to send outside the monitor, since their receivers run code of their own. */
  static final class ReadyReplies {
    private final List<ReadyReply> replies = new ArrayList<>();
    private final List<SnapshotCapture> captures = new ArrayList<>();

    void send() {
      replies.forEach(each -> each.to.complete(each.reply));
      captures.forEach(SnapshotCapture::frameTaken);
    }
  }

  /** Steps that the frame has taken. */
  final long version() {
    return version;
  }

  /**
   * Takes a push.
   *
   * @return what the frame is ready for through it, or null
   * @throws RefusedException if it does not fit; nothing has changed then
   */
  abstract Update add(Push push);

  /**
   * Advances once an update was made.
   *
   * @return whether that completed a step
   */
  abstract boolean advance(Update update);

  /** What the frame is ready for after an update, or null. */
  abstract Update next();

  /**
   * Takes an update that was made (or skipped) into account: the frame may have a new version then.
   *
   * @param ready receives the pulls that this ends
   */
  final void finish(
      Update update, double gradientNorm, float[] theta, float[][] state, ReadyReplies ready) {
    if (advance(update)) {
      complete(update.total(), gradientNorm, theta, state, ready);
    }
  }

  /** One more step is complete. */
  private void complete(
      Contribution total, double gradientNorm, float[] theta, float[][] state, ReadyReplies ready) {
    outcomes.add(index, new StepOutcome(version, total(total), gradientNorm));
    version++;
    for (Iterator<SnapshotCapture> each = captures.iterator(); each.hasNext(); ) {
      SnapshotCapture capture = each.next();
      if (capture.version() == version) {
        capture.take(from, to, theta, state);
        ready.captures.add(capture);
        each.remove();
      }
    }
    for (Iterator<Waiting> each = waiting.iterator(); each.hasNext(); ) {
      Waiting one = each.next();
      if (one.pull.version() <= version) {
        ready.replies.add(new ReadyReply(one.answer, answer(one.pull, theta)));
        each.remove();
      }
    }
  }

  /** What the step that an update completed added up to. */
  Contribution total(Contribution ofUpdate) {
    return ofUpdate;
  }

  /**
   * Takes a pull.
   *
   * @return the answer's future; complete, and the destination filled, if θ is new enough
   */
  final CompletableFuture<PullReply> pull(Pull pull, float[] theta) {
    if (pull.destination().remaining() != to - from) {
      throw new RefusedException(
          describe(pull)
              + ": length="
              + pull.destination().remaining()
              + " != length="
              + (to - from)
              + " of the frame");
    }
    if (version - pull.version() > mostAhead()) {
      throw new RefusedException(
          describe(pull) + ": it is late, the frame is at version " + version);
    }
    if (pull.version() <= version) {
      return CompletableFuture.completedFuture(answer(pull, theta));
    }
    if (pull.version() - version > 1L + mostAhead()) {
      throw new RefusedException(
          describe(pull) + ": it is early, the frame is still at version " + version);
    }
    CompletableFuture<PullReply> answer = new CompletableFuture<>();
    waiting.add(new Waiting(pull, answer));
    return answer;
  }

  /** How many steps beyond the one in progress may be asked for. */
  abstract int mostAhead();

  private PullReply answer(Pull pull, float[] theta) {
    PullReply reply = new PullReply(version, outcomes.since(index, pull));
    pull.destination().duplicate().put(theta, from, to - from);
    return reply;
  }

  /**
   * Copies the frame when it reaches the capture's version: now, if it is there.
   *
   * @return whether it is copied
   */
  final boolean capture(SnapshotCapture capture, float[] theta, float[][] state) {
    if (capture.version() < version) {
      throw new IllegalStateException(
          "snapshot of version "
              + capture.version()
              + ": frame "
              + index
              + " is at version "
              + version
              + " already: ask before the last push of the step before");
    }
    if (capture.version() == version) {
      capture.take(from, to, theta, state);
      return true;
    }
    captures.add(capture);
    return false;
  }

  /** What waits for the frame, pulls and snapshots, which the frame forgets. */
  final List<CompletableFuture<?>> takeWaiting() {
    List<CompletableFuture<?>> all = new ArrayList<>();
    waiting.forEach(pull -> all.add(pull.answer));
    captures.forEach(capture -> all.add(capture.whole()));
    waiting.clear();
    captures.clear();
    return all;
  }

  final void checkLength(Push push) {
    int floats = push.gradient().remaining();
    if (push.sums().examples() > 0 && floats != to - from) {
      throw new RefusedException(
          describe(push) + ": length=" + floats + " != length=" + (to - from) + " of the frame");
    }
  }

  final String describe(Push push) {
    return "push of step "
        + push.when().step()
        + " frame "
        + index
        + " "
        + push.node()
        + " refused";
  }

  private String describe(Pull pull) {
    return "pull of version " + pull.version() + " frame " + index + " refused";
  }
}
