package dev.lockstep.trainer.model;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/** DL4J's {@link DataSet}s as the examples of a dataset. Called in executors and on the driver. */
public final class DataSetExamples {

  private DataSetExamples() {}

  /** The tensors that a data set has, with masks or without; every example has these shapes. */
  public static List<TensorSpec> tensors(DataSet data) {
    List<TensorSpec> tensors = new ArrayList<>();
    for (TensorSpec.Role role : TensorSpec.Role.values()) {
      INDArray array = array(data, role);
      if (array != null) {
        List<Integer> shape =
            IntStream.range(1, array.rank()).mapToObj(i -> (int) array.size(i)).toList();
        String name = role.name().toLowerCase(java.util.Locale.ROOT);
        tensors.add(
            new TensorSpec(
                name, role, TensorSpec.Encoding.FLOAT32, shape.isEmpty() ? List.of(1) : shape));
      }
    }
    return tensors;
  }

  private static INDArray array(DataSet data, TensorSpec.Role role) {
    return switch (role) {
      case FEATURES -> data.getFeatures();
      case LABELS -> data.getLabels();
      case FEATURES_MASK -> data.getFeaturesMaskArray();
      case LABELS_MASK -> data.getLabelsMaskArray();
    };
  }

  /**
   * The examples of a data set, in their order.
   *
   * @throws IllegalArgumentException if they do not have these tensors
   */
  public static List<Example> examples(DataSet data, List<TensorSpec> tensors) {
    int count = data.numExamples();
    List<float[]> whole = new ArrayList<>();
    for (TensorSpec tensor : tensors) {
      INDArray array = array(data, tensor.role());
      if (array == null || array.length() != (long) count * tensor.elements()) {
        throw new IllegalArgumentException(
            "DataSet "
                + tensor.name()
                + (array == null ? " is missing" : " shape=" + Arrays.toString(array.shape()))
                + " where the first one has "
                + tensor.shape()
                + " for each of "
                + count
                + " examples: give all DataSets the same shapes and masks");
      }
      whole.add(array.ravel('c').toFloatVector());
    }
    List<Example> examples = new ArrayList<>();
    for (int row = 0; row < count; row++) {
      List<float[]> values = new ArrayList<>();
      for (int t = 0; t < whole.size(); t++) {
        int length = tensors.get(t).elements();
        values.add(Arrays.copyOfRange(whole.get(t), row * length, (row + 1) * length));
      }
      examples.add(new Example(values));
    }
    return examples;
  }
}
