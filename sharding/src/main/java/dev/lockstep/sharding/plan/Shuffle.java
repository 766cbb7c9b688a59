package dev.lockstep.sharding.plan;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Objects;

/**
 * How far an example may move from its place in the file in an epoch. It determines the model.
 * Crosses from driver to executors.
 *
 * @param kind of shuffle
 * @param window examples among which a range is shuffled: at least 1 for {@link Kind#WINDOW}, 0 for
 *     the others
 */
public record Shuffle(Kind kind, int window) implements Serializable {

  /** What is shuffled. */
  public enum Kind {
    /** Nothing: every epoch has the order of the file. */
    NONE,
    /** The blocks, and then the examples of each window of a range: reads each block once. */
    WINDOW,
    /** All examples: a block is read by every worker, once or several times. */
    FULL
  }

  private static final long USUAL_WINDOW = 4096;
  private static final long WINDOW_BLOCKS = 24;
  private static final long WINDOW_BYTES = 64L << 20;

  /** The order of the file. */
  public static final Shuffle NONE = new Shuffle(Kind.NONE, 0);

  /** All examples among each other. */
  public static final Shuffle FULL = new Shuffle(Kind.FULL, 0);

  /** Checks that a window is given where there is one. */
  public Shuffle {
    Objects.requireNonNull(kind, "kind");
    if (kind == Kind.WINDOW ? window < 1 : window != 0) {
      throw new IllegalArgumentException(
          "shuffle=%s window=%d: must be >= 1 with shuffle=WINDOW, and 0 without"
              .formatted(kind, window));
    }
  }

  /**
   * The windows that suit a dataset: {@value #USUAL_WINDOW} examples, or {@value #WINDOW_BLOCKS}
   * blocks where that is more, but no more than fill 64 MiB. How well a window mixes is a matter of
   * blocks, not of examples: see {@link EpochPlan}.
   *
   * @param blockSizes examples of each block
   * @param exampleBytes stored bytes of one example, at least 1
   */
  public static Shuffle suited(int[] blockSizes, long exampleBytes) {
    long largest = Arrays.stream(blockSizes).max().orElse(0);
    long wanted = Math.max(USUAL_WINDOW, WINDOW_BLOCKS * largest);
    return within((int) Math.max(1, Math.min(wanted, WINDOW_BYTES / exampleBytes)));
  }

  /** Windows of so many examples; the order of the file for windows of 0. */
  public static Shuffle within(int window) {
    return window == 0 ? NONE : new Shuffle(Kind.WINDOW, window);
  }
}
