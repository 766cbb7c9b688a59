package dev.lockstep.ps.compress;

import dev.lockstep.ps.compress.Ranges.Range;
import dev.lockstep.ps.compress.Sparsifier.Cut;
import java.util.Objects;

/**
 * Sends the larger elements of one virtual worker's gradients and remembers the rest, which is
 * added to its next gradient: what is not sent now is sent later. The method is Strom's
 * (Interspeech 2015) and Aji and Heafield's (arXiv 1704.05021); that it converges like SGD where
 * the residual stays bounded is shown by Stich, Cordonnier and Jaggi (arXiv 1809.07599). Of Deep
 * Gradient Compression (arXiv 1712.01887) it has the local accumulation, not the momentum
 * correction: momentum belongs to the central optimizer here.
 *
 * <pre>
 *   r += g            the residual r and the gradient sum g, float32
 *   g  = selected elements of r, +0 elsewhere
 *   r  = r without the selected elements
 * </pre>
 *
 * Sent and kept parts of {@code r + g} are disjoint, so nothing is lost by the selection; only the
 * addition {@code r + g} rounds, as float32 does. Elements outside the ranges are sent as they are.
 * A sent zero is always +0: vectors that are zero elsewhere then add up to the same bits whether
 * zeros are added or skipped.
 *
 * <p>A gradient that is not finite is sent as it is and leaves the residual alone: the step that it
 * is in will not be made.
 *
 * <p>Lives in the executor that plays the virtual worker; the residual is checkpointed. Not
 * thread-safe; never blocks.
 */
final class ErrorFeedback {

  private static final int MAGNITUDE = 0x7FFF_FFFF;
  private static final int INFINITY = 0x7F80_0000;

  private final Sparsifier sparsifier;
  private final Ranges ranges;
  private final float[] residual;

  /**
   * Without a past.
   *
   * @param ranges the elements to choose from
   * @param parameters length P of θ
   */
  public ErrorFeedback(Sparsifier sparsifier, Ranges ranges, int parameters) {
    this(sparsifier, ranges, new float[parameters]);
  }

  /**
   * Continues from a checkpoint.
   *
   * @param residual length P; belongs to the new object
   */
  public ErrorFeedback(Sparsifier sparsifier, Ranges ranges, float[] residual) {
    this.sparsifier = Objects.requireNonNull(sparsifier, "sparsifier");
    this.ranges = Objects.requireNonNull(ranges, "ranges");
    this.residual = residual;
    if (ranges.end() > residual.length) {
      throw new IllegalArgumentException(
          "ranges end at "
              + ranges.end()
              + " > parameters="
              + residual.length
              + ": they are of another model");
    }
  }

  /** What waits to be sent: a view of length P, 0 outside the ranges. */
  public float[] residual() {
    return residual;
  }

  /**
   * Replaces a gradient sum by what is sent of it and of the residual.
   *
   * @param gradient length P; overwritten, unless it or its sum with the residual is not finite
   * @param magnitudes scratch of length P; overwritten
   * @return how many elements of the ranges are sent; all if the gradient is not finite
   */
  public int compress(float[] gradient, int[] magnitudes) {
    checkLength("gradient", gradient.length);
    checkLength("magnitudes", magnitudes.length);
    int greatest = 0;
    for (Range range : ranges.ranges()) {
      for (int i = range.from(); i < range.to(); i++) {
        magnitudes[i] = Float.floatToRawIntBits(residual[i] + gradient[i]) & MAGNITUDE;
        greatest = Math.max(greatest, magnitudes[i]);
      }
    }
    if (greatest >= INFINITY) {
      return ranges.elements();
    }
    Cut cut = sparsifier.cut(magnitudes, ranges);
    int sent = 0;
    int ties = cut.ties();
    for (Range range : ranges.ranges()) {
      for (int i = range.from(); i < range.to(); i++) {
        int magnitude = magnitudes[i];
        float sum = residual[i] + gradient[i];
        boolean tie = magnitude == cut.magnitude() && ties > 0;
        if ((tie || magnitude > cut.magnitude()) && magnitude > 0) {
          ties -= tie ? 1 : 0;
          gradient[i] = sum;
          residual[i] = 0;
          sent++;
        } else {
          gradient[i] = 0;
          residual[i] = sum;
        }
      }
    }
    return sent;
  }

  private void checkLength(String name, int length) {
    if (length != residual.length) {
      throw new IllegalArgumentException(
          name + ": length=" + length + " != parameters=" + residual.length);
    }
  }
}
