package dev.lockstep.trainer.checkpoint;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * What a run multiplies its learning rate by because gradients were not finite, step by step:
 *
 * <pre>
 *   steps taken   0 ......... 100 ......... 200 ......... 300
 *   cuts                       |0.5          |0.5
 *   scale         1            0.5           0.25
 * </pre>
 *
 * A cut applies from a step that configuration and data determine, so the scale of a step does not
 * depend on where the run was resumed. Immutable; crosses from driver to executors.
 *
 * @param cuts in the order in which they were made
 */
public record RateCuts(List<RateCut> cuts) implements Serializable {

  /** More would leave nothing of the rate: what is wrong is something else. */
  public static final int MOST = 8;

  /** Of a run whose gradients were all finite. */
  public static final RateCuts NONE = new RateCuts(List.of());

  /** Copies the list and checks its length. */
  public RateCuts {
    cuts = List.copyOf(cuts);
    if (cuts.size() > MOST) {
      throw new IllegalArgumentException("rate cuts=" + cuts.size() + " > " + MOST);
    }
  }

  /** Whether no further cut may be made. */
  public boolean isFull() {
    return cuts.size() == MOST;
  }

  /**
   * With one more.
   *
   * @throws IllegalArgumentException if there are {@link #MOST} already
   */
  public RateCuts plus(RateCut cut) {
    List<RateCut> more = new ArrayList<>(cuts);
    more.add(cut);
    return new RateCuts(more);
  }

  /**
   * What the rate of a step is multiplied by.
   *
   * @param step optimizer steps of the run taken before it
   */
  public double scale(long step) {
    double scale = 1;
    for (RateCut cut : cuts) {
      if (cut.fromStep() <= step) {
        scale *= cut.factor();
      }
    }
    return scale;
  }

  /** One line for people: {@code x0.5 from step 100, x0.5 from step 200}. */
  @Override
  public String toString() {
    return String.join(
        ", ", cuts.stream().map(c -> "x" + c.factor() + " from step " + c.fromStep()).toList());
  }
}
