package dev.lockstep.trainer.model;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.ExampleIngest;
import dev.lockstep.sharding.ingest.InvalidDataException;
import dev.lockstep.sharding.ingest.ShardingOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/** DL4J's {@link DataSet}s as a dataset of data shards. Called on the driver. */
public final class DataSetExamples {

  private DataSetExamples() {}

  /**
   * Writes the examples of all data sets, in their order, however many each holds. Every example
   * has the shapes of the first one.
   *
   * @param data features and labels, with masks or without
   * @param location folder of the dataset, any Hadoop URI
   * @throws InvalidDataException if there is no example, or one does not fit
   */
  public static Dataset shard(JavaRDD<DataSet> data, String location, ShardingOptions options)
      throws IOException {
    List<DataSet> first = data.take(1);
    if (first.isEmpty()) {
      throw new InvalidDataException("the RDD of DataSets for " + location + " is empty");
    }
    List<TensorSpec> tensors = tensors(first.get(0));
    return ExampleIngest.ingest(
        data.flatMap(each -> examples(each, tensors)), tensors, Map.of(), location, options);
  }

  private static List<TensorSpec> tensors(DataSet data) {
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

  private static Iterator<Example> examples(DataSet data, List<TensorSpec> tensors) {
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
    return examples.iterator();
  }
}
