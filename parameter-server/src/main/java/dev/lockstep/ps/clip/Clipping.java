package dev.lockstep.ps.clip;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;

/**
 * What is done to ĝ before regularization and optimizer. Crosses from driver to executors.
 *
 * <p>{@link ByValue} and {@link GlobalNorm} are Lockstep's own and leave statistics blocks alone;
 * {@link ByLayer} is DL4J's gradient normalization, which does not.
 */
public sealed interface Clipping extends Serializable {

  /** Nothing. */
  record None() implements Clipping {}

  /**
   * Every element into {@code [-max, max]}.
   *
   * @param max above 0
   */
  record ByValue(double max) implements Clipping {

    /** Checks the limit. */
    public ByValue {
      requirePositive("clip value max", max);
    }
  }

  /**
   * All of ĝ scaled by {@code min(1, max / (norm + 1e-6))}, where norm is its L2 norm: the
   * semantics of PyTorch's {@code clip_grad_norm_}.
   *
   * @param max above 0; infinite to have the norm measured and nothing scaled
   */
  record GlobalNorm(double max) implements Clipping {

    /** Checks the limit. */
    public GlobalNorm {
      if (!(max > 0)) {
        throw new IllegalArgumentException(
            "clip norm max=" + max + " must be > 0, or infinite to measure the norm alone");
      }
    }
  }

  /**
   * DL4J's gradient normalization, layer by layer.
   *
   * @param layers layers that have one; a layer at most once
   */
  record ByLayer(List<LayerNormalization> layers) implements Clipping {

    /** Checks that no layer has two. */
    public ByLayer {
      layers = List.copyOf(layers);
      if (layers.stream().map(LayerNormalization::layer).distinct().count() != layers.size()) {
        throw new IllegalArgumentException(
            "layers=" + layers + ": a layer has at most one gradient normalization");
      }
    }
  }

  /**
   * One layer's gradient normalization.
   *
   * @param layer index, as in its blocks
   * @param mode what is done
   * @param threshold of the clipping modes; not used by the renormalizing ones
   */
  record LayerNormalization(int layer, Mode mode, double threshold) implements Serializable {

    /** Checks the threshold. */
    public LayerNormalization {
      Objects.requireNonNull(mode, "mode");
      if (layer < 0) {
        throw new IllegalArgumentException("layer=" + layer + " must be >= 0");
      }
      if (mode.hasThreshold()) {
        requirePositive("layer " + layer + " " + mode + ": threshold", threshold);
      }
    }
  }

  /**
   * DL4J's {@code GradientNormalization}, formulas as in {@code BaseMultiLayerUpdater.preApply}. A
   * norm of 0 renormalizes by 1e-5 instead.
   */
  enum Mode {
    /** The layer's ĝ divided by its norm. */
    RENORMALIZE_L2_PER_LAYER,
    /** Each block of the layer divided by its own norm. */
    RENORMALIZE_L2_PER_PARAM_TYPE,
    /** Every element into {@code [-threshold, threshold]}. */
    CLIP_ELEMENT_WISE_ABSOLUTE_VALUE,
    /** The layer's ĝ scaled to norm = threshold where the norm is above it. */
    CLIP_L2_PER_LAYER,
    /** Each block of the layer scaled to norm = threshold where its own norm is above it. */
    CLIP_L2_PER_PARAM_TYPE;

    boolean hasThreshold() {
      return this != RENORMALIZE_L2_PER_LAYER && this != RENORMALIZE_L2_PER_PARAM_TYPE;
    }

    boolean isPerLayer() {
      return this == RENORMALIZE_L2_PER_LAYER || this == CLIP_L2_PER_LAYER;
    }
  }

  private static void requirePositive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + "=" + value + " must be finite and > 0");
    }
  }
}
