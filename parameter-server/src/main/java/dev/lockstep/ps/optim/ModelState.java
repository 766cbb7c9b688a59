package dev.lockstep.ps.optim;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Parameters with the state of their optimizer: of a whole model, or of a range of θ. The arrays
 * are not copied.
 *
 * @param theta the parameters
 * @param state vectors of the optimizer, each as long as {@code theta}, in the optimizer's order;
 *     null for an optimizer that has taken no step
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data, never compared
public record ModelState(float[] theta, float[][] state) implements Serializable {

  /** Checks the lengths. */
  public ModelState {
    if (state != null) {
      for (float[] vector : state) {
        if (vector.length != theta.length) {
          throw new IllegalArgumentException(
              "optimizer state: length=%d != length=%d of the parameters"
                  .formatted(vector.length, theta.length));
        }
      }
    }
  }

  /** Parameters whose optimizer has taken no step. */
  public static ModelState fresh(float[] theta) {
    return new ModelState(theta, null);
  }

  /**
   * A copy of a range.
   *
   * @param begin first element
   * @param end one after the last
   */
  public ModelState range(int begin, int end) {
    return new ModelState(
        Arrays.copyOfRange(theta, begin, end),
        state == null
            ? null
            : Arrays.stream(state)
                .map(vector -> Arrays.copyOfRange(vector, begin, end))
                .toArray(float[][]::new));
  }
}
