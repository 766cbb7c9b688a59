package dev.lockstep.trainer.data;

import java.io.Serializable;
import java.util.Objects;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * A data set whose examples count differently: the loss of n examples is Σ wᵢ·ℓᵢ / n. DL4J's own
 * data sets have no place for weights; a labels mask is none. Crosses between executors.
 *
 * @param data of any number of inputs and outputs; {@code DataSet.toMultiDataSet()} makes one
 * @param weights one for each example, finite, at least 0; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record WeightedDataSet(MultiDataSet data, float[] weights) implements Serializable {

  /** Checks the weights. */
  public WeightedDataSet {
    Objects.requireNonNull(data, "data");
    long examples = data.getFeatures(0).size(0);
    if (weights.length != examples) {
      throw new IllegalArgumentException(
          "weights=" + weights.length + " != examples=" + examples + ": give one for each example");
    }
    for (int i = 0; i < weights.length; i++) {
      if (!(weights[i] >= 0) || Float.isInfinite(weights[i])) {
        throw new IllegalArgumentException(
            "weight " + i + "=" + weights[i] + ": weights are finite numbers, at least 0");
      }
    }
  }
}
