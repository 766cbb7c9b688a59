package dev.lockstep.trainer.data;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.ModelShape;
import dev.lockstep.trainer.model.network.Network;
import dev.lockstep.trainer.model.replica.TensorBinding;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** The micro-batches of one step as the one batch that DL4J would train on. */
public final class GlobalBatch {

  private GlobalBatch() {}

  /**
   * Joins micro-batches, in their order.
   *
   * @param model whose inputs and outputs say in which shape they want an example
   * @param parts at least one, all of the same tensors; those without examples are passed over
   * @return a data set of its own arrays
   * @throws IllegalArgumentException if there is no example, or examples have weights, which plain
   *     DL4J has no place for
   * @throws UnsupportedModelException if model and tensors do not fit
   */
  public static MultiDataSet join(ModelDefinition model, List<MicroBatch> parts) {
    List<TensorSpec> tensors = parts.get(0).tensors();
    requireNoWeights(tensors);
    // Not closed: the arrays are the data set's from here on.
    Network.Batch batch =
        new TensorBinding(ModelShape.of(model), tensors).bind(joined(tensors, parts));
    return new org.nd4j.linalg.dataset.MultiDataSet(
        batch.features(), batch.labels(), batch.featuresMasks(), batch.labelsMasks());
  }

  /**
   * The same batch as DL4J's data set of one input and one output.
   *
   * @throws IllegalArgumentException if it has more
   */
  public static DataSet single(MultiDataSet batch) {
    if (batch.numFeatureArrays() != 1 || batch.numLabelsArrays() != 1) {
      throw new IllegalArgumentException(
          "inputs="
              + batch.numFeatureArrays()
              + " outputs="
              + batch.numLabelsArrays()
              + " of the model: a DataSet holds one of each, take a MultiDataSet");
    }
    return new DataSet(
        batch.getFeatures(0),
        batch.getLabels(0),
        only(batch.getFeaturesMaskArrays()),
        only(batch.getLabelsMaskArrays()));
  }

  private static void requireNoWeights(List<TensorSpec> tensors) {
    for (TensorSpec tensor : tensors) {
      if (tensor.role() == TensorSpec.Role.WEIGHTS) {
        throw new IllegalArgumentException(
            "tensor "
                + tensor.name()
                + " has weights of examples, for which plain DL4J has no place (a labels mask of"
                + " weights multiplies activations, too): compare on a dataset without");
      }
    }
  }

  private static MicroBatch joined(List<TensorSpec> tensors, List<MicroBatch> parts) {
    int examples = parts.stream().mapToInt(MicroBatch::examples).sum();
    List<float[]> values = new ArrayList<>();
    for (int t = 0; t < tensors.size(); t++) {
      float[] whole = new float[examples * tensors.get(t).elements()];
      int at = 0;
      for (MicroBatch part : parts) {
        float[] own = part.values().get(t);
        System.arraycopy(own, 0, whole, at, own.length);
        at += own.length;
      }
      values.add(whole);
    }
    return new MicroBatch(examples, tensors, values);
  }

  private static INDArray only(INDArray[] arrays) {
    return arrays == null ? null : arrays[0];
  }
}
