package dev.lockstep.ps.compress;

import java.io.Serializable;

/**
 * Which elements of a vector are sent at once; the others wait in an {@link ErrorFeedback}. Crosses
 * from driver to executors. The choice depends on the vector alone, so it is the same wherever a
 * virtual worker is played. Zeros are never sent. Stateless; never blocks.
 */
public sealed interface Sparsifier extends Serializable {

  /**
   * The least magnitude that is sent, and how many of the elements that have just this magnitude.
   *
   * @param magnitudes bits of magnitudes, ordered as they are; not changed
   * @param ranges the elements to choose from
   */
  Cut cut(int[] magnitudes, Ranges ranges);

  /**
   * Elements above {@code magnitude} are sent, and the first {@code ties} of those that equal it.
   *
   * @param magnitude bits of a float32 that is at least 0
   * @param ties at least 0
   */
  record Cut(int magnitude, int ties) {}

  /**
   * The k elements of greatest magnitude, k = ⌈ratio · elements⌉; of equal ones those that come
   * first. The gradient dropping of Aji and Heafield (arXiv 1704.05021) with an exact k over the
   * whole vector. Time is proportional to the vector's length.
   *
   * @param ratio in (0, 1]
   */
  record TopK(double ratio) implements Sparsifier {

    /** Checks the ratio. */
    public TopK {
      if (!(ratio > 0 && ratio <= 1)) {
        throw new IllegalArgumentException(
            "ratio="
                + ratio
                + " is not in (0, 1]: give the part of the gradient to send, 0.01 for one in a"
                + " hundred");
      }
    }

    @Override
    public Cut cut(int[] magnitudes, Ranges ranges) {
      int k = (int) Math.ceil(ratio * ranges.elements());
      return MagnitudeRank.greatest(k, magnitudes, ranges);
    }
  }

  /**
   * All elements of at least a magnitude.
   *
   * @param value of the vector's own unit, greater than 0
   */
  record Threshold(float value) implements Sparsifier {

    /** Checks the value. */
    public Threshold {
      if (!(value > 0 && value <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "threshold=" + value + " is not a finite number > 0: give the least magnitude to send");
      }
    }

    @Override
    public Cut cut(int[] magnitudes, Ranges ranges) {
      return new Cut(Float.floatToRawIntBits(value), Integer.MAX_VALUE);
    }
  }
}
