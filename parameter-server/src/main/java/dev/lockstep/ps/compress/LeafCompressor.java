package dev.lockstep.ps.compress;

import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.reduce.Rounding;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What one worker does to the gradient sums of its virtual workers before they leave it: makes
 * leaves of the tree of them, smaller to send, and joins leaves. Servers join with the same {@link
 * Rounding}.
 *
 * <p>Holds a residual of P floats for each virtual worker that was sparsified, and scratch of P
 * integers. Lives in an executor; belongs to one worker thread; never blocks.
 */
public final class LeafCompressor {

  private final Rounding rounding;
  private final Sparsifier sparsifierOrNull;
  private final Ranges ranges;
  private final int parameters;
  private final Map<Integer, ErrorFeedback> feedbacks = new TreeMap<>();
  private int[] magnitudes;

  private LeafCompressor(
      Rounding rounding, Sparsifier sparsifierOrNull, Ranges ranges, int parameters) {
    this.rounding = rounding;
    this.sparsifierOrNull = sparsifierOrNull;
    this.ranges = ranges;
    this.parameters = parameters;
  }

  /** Leaves with all elements, each rounded. */
  public static LeafCompressor rounding(Rounding rounding) {
    return new LeafCompressor(
        Objects.requireNonNull(rounding, "rounding"), null, new Ranges(List.of()), 0);
  }

  /** Leaves with some elements, in float32; joins of them are exact sums of float32. */
  public static LeafCompressor sparse(Sparsifier sparsifier, UpdatePlan plan) {
    return new LeafCompressor(
        Rounding.NONE,
        Objects.requireNonNull(sparsifier, "sparsifier"),
        Ranges.ofGradients(plan),
        plan.layout().parameters());
  }

  /**
   * Makes a leaf of a gradient sum.
   *
   * @param virtualWorker whose sum it is
   * @param gradient length P; overwritten. If it is not finite, it is sent as it is and the
   *     residual stays
   */
  public void leaf(int virtualWorker, float[] gradient) {
    if (sparsifierOrNull == null) {
      rounding.leaf(gradient);
      return;
    }
    if (magnitudes == null) {
      magnitudes = new int[parameters];
    }
    feedback(virtualWorker).compress(gradient, magnitudes);
  }

  private ErrorFeedback feedback(int virtualWorker) {
    return feedbacks.computeIfAbsent(
        virtualWorker, v -> new ErrorFeedback(sparsifierOrNull, ranges, parameters));
  }

  /** What happens to joins, on servers too. */
  public Rounding rounding() {
    return rounding;
  }

  /** Joins two nodes of the tree into the first; both have one length. */
  public void join(float[] sum, float[] addend) {
    rounding.join(sum, 0, addend, 0, sum.length);
  }

  /**
   * The residual that a virtual worker has now, for a checkpoint.
   *
   * @return length P, to be copied or written before the next leaf
   * @throws IllegalStateException if nothing is kept back in this run
   */
  public float[] residual(int virtualWorker) {
    requireSparse(virtualWorker);
    return feedback(virtualWorker).residual();
  }

  /**
   * Continues from a checkpoint.
   *
   * @param residual length P; belongs to the compressor from now on
   * @throws IllegalStateException if nothing is kept back in this run
   */
  public void restore(int virtualWorker, float[] residual) {
    requireSparse(virtualWorker);
    feedbacks.put(virtualWorker, new ErrorFeedback(sparsifierOrNull, ranges, residual));
  }

  private void requireSparse(int virtualWorker) {
    if (sparsifierOrNull == null) {
      throw new IllegalStateException(
          "a residual of virtual worker " + virtualWorker + ", but this run keeps none");
    }
  }
}
