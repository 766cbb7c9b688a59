package dev.lockstep.ps.server;

import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * One frame of a shard: the sum that is being taken for its next step, and the pulls that wait for
 * it. Guarded by its own monitor, which its callers hold.
 */
final class Frame {

  private static final PullReply BEFORE_THE_FIRST = new PullReply(0, 0, Double.NaN);

  /** First element and first element after the frame, counted from the shard's begin. */
  final int from;

  final int to;

  private final int index;
  private final PairwiseTree tree;
  private final FrameBuffers buffers;

  /** G of the whole shard; the frame's sum ends up in its range of it. */
  private final float[] gradientSum;

  private final Set<TreeNode> received = new HashSet<>();
  private final List<Waiting> waiting = new ArrayList<>();
  private TreeReduction<Sum> reduction;
  private boolean homeTaken;
  private long step;
  private int epoch = -1;
  private PullReply latest = BEFORE_THE_FIRST;

  Frame(
      int index,
      int from,
      int to,
      long firstStep,
      PairwiseTree tree,
      FrameBuffers buffers,
      float[] gradientSum) {
    this.index = index;
    this.from = from;
    this.to = to;
    this.step = firstStep;
    this.tree = tree;
    this.buffers = buffers;
    this.gradientSum = gradientSum;
    this.reduction = new TreeReduction<>(tree, this::join);
  }

  /** What a frame's step adds up to; the gradient is in the shard's G. */
  record Total(long step, int epoch, long examples, double lossSum) {}

  /** A pull that waits for the step in progress. */
  record Waiting(Pull pull, CompletableFuture<PullReply> answer) {}

  /** Pulls whose destinations are filled. Completing them runs foreign code: not in the monitor. */
  record Answers(PullReply reply, List<Waiting> pulls) {
    static final Answers NONE = new Answers(BEFORE_THE_FIRST, List.of());

    void complete() {
      pulls.forEach(pull -> pull.answer.complete(reply));
    }
  }

  /**
   * A value of the reduction.
   *
   * @param vector floats from {@code offset} on: a buffer, or the shard's G
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Sum(float[] vector, int offset, long examples, double lossSum) {}

  /** The step that is being collected. */
  long step() {
    return step;
  }

  /**
   * Takes a push.
   *
   * @return the total once the push completes the step, else null
   * @throws RefusedException if it does not fit; nothing has changed then
   * @throws IllegalStateException if the step is complete without a single example
   */
  Total add(Push push) {
    if (push.step() != step) {
      throw new RefusedException(
          push.step() < step
              ? describe(push) + " is late: the frame is at step " + step
              : describe(push) + " is early: the frame is still at step " + step);
    }
    if (received.contains(push.node())) {
      return null;
    }
    if (epoch >= 0 && push.epoch() != epoch) {
      throw new RefusedException(
          describe(push)
              + ": epoch="
              + push.epoch()
              + " != epoch="
              + epoch
              + " of the pushes before it");
    }
    int length = to - from;
    if (push.examples() > 0 && push.gradient().remaining() != length) {
      throw new RefusedException(
          describe(push)
              + ": length="
              + push.gradient().remaining()
              + " != length="
              + length
              + " of the frame");
    }
    reduce(push, length);
    received.add(push.node());
    epoch = push.epoch();
    if (!reduction.isComplete()) {
      return null;
    }
    Sum sum = reduction.result();
    if (sum == null) {
      throw new IllegalStateException(
          "step "
              + step
              + ": all "
              + tree.leaves()
              + " virtual workers are empty: a step needs at least one example");
    }
    return new Total(step, epoch, sum.examples, sum.lossSum);
  }

  private void reduce(Push push, int length) {
    if (push.examples() == 0) {
      addToTree(push, null);
      return;
    }
    boolean home = !homeTaken;
    Sum sum =
        home
            ? new Sum(gradientSum, from, push.examples(), push.lossSum())
            : new Sum(buffers.take(), 0, push.examples(), push.lossSum());
    push.gradient().duplicate().get(sum.vector, sum.offset, length);
    homeTaken = true;
    try {
      addToTree(push, sum);
    } catch (RefusedException e) {
      homeTaken = !home;
      recycle(sum);
      throw e;
    }
  }

  private void addToTree(Push push, Sum sumOrNull) {
    try {
      reduction.add(push.node(), sumOrNull);
    } catch (IllegalArgumentException e) {
      throw new RefusedException(describe(push) + ": " + e.getMessage());
    }
  }

  private Sum join(Sum left, Sum right) {
    // Addition commutes, so the sum may stay on either side: in G if one of them is there.
    boolean keepRight = right.vector == gradientSum;
    Sum kept = keepRight ? right : left;
    Sum added = keepRight ? left : right;
    float[] sum = kept.vector;
    float[] other = added.vector;
    int length = to - from;
    int at = kept.offset;
    int otherAt = added.offset;
    for (int i = 0; i < length; i++) {
      sum[at + i] += other[otherAt + i];
    }
    recycle(added);
    return new Sum(
        kept.vector, kept.offset, left.examples + right.examples, left.lossSum + right.lossSum);
  }

  private void recycle(Sum sum) {
    if (sum.vector != gradientSum) {
      buffers.give(sum.vector);
    }
  }

  /**
   * Takes a pull.
   *
   * @return the answer's future; complete, and the destination filled, if θ is of that step
   */
  CompletableFuture<PullReply> pull(Pull pull, float[] theta) {
    if (pull.destination().remaining() != to - from) {
      throw new RefusedException(
          describe(pull)
              + ": length="
              + pull.destination().remaining()
              + " != length="
              + (to - from)
              + " of the frame");
    }
    if (pull.step() == step - 1) {
      pull.destination().duplicate().put(theta, from, to - from);
      return CompletableFuture.completedFuture(latest);
    }
    if (pull.step() != step) {
      throw new RefusedException(
          pull.step() < step
              ? describe(pull) + " is late: the frame is at step " + step
              : describe(pull) + " is early: the frame is still at step " + step);
    }
    CompletableFuture<PullReply> answer = new CompletableFuture<>();
    waiting.add(new Waiting(pull, answer));
    return answer;
  }

  /**
   * Moves on to the next step, once θ is updated. Fills the waiting pulls.
   *
   * @return those pulls, to be completed outside the monitor
   */
  Answers finish(PullReply reply, float[] theta) {
    latest = reply;
    step++;
    epoch = -1;
    received.clear();
    homeTaken = false;
    reduction = new TreeReduction<>(tree, this::join);
    for (Waiting pull : waiting) {
      pull.pull.destination().duplicate().put(theta, from, to - from);
    }
    return new Answers(reply, takeWaiting());
  }

  /** The waiting pulls, which the frame forgets. */
  List<Waiting> takeWaiting() {
    List<Waiting> pulls = List.copyOf(waiting);
    waiting.clear();
    return pulls;
  }

  private String describe(Push push) {
    return "push of step " + push.step() + " frame " + index + " " + push.node() + " refused";
  }

  private String describe(Pull pull) {
    return "pull of step " + pull.step() + " frame " + index + " refused";
  }
}
