package dev.lockstep.trainer.model;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/** DL4J's {@link DataSet}s as the examples of a dataset. Called in executors and on the driver. */
public final class DataSetExamples {

  private static final int NOT_ONE_HOT = -1;

  private DataSetExamples() {}

  /**
   * The tensors that a data set has, with masks or without; every example has these shapes.
   *
   * @throws IllegalArgumentException if labels are to be classes, and are not one-hot rows
   */
  public static List<TensorSpec> tensors(DataSet data, LabelEncoding labels) {
    List<TensorSpec> tensors = new ArrayList<>();
    for (Role role : Role.values()) {
      INDArray array = array(data, role);
      if (array != null) {
        Encoding encoding =
            role == Role.LABELS && areClasses(data, labels)
                ? Encoding.CLASS_INDEX
                : Encoding.FLOAT32;
        tensors.add(
            new TensorSpec(
                role.name().toLowerCase(Locale.ROOT), role, encoding, exampleShape(array)));
      }
    }
    return tensors;
  }

  private static boolean areClasses(DataSet data, LabelEncoding encoding) {
    INDArray labels = data.getLabels();
    boolean rows = labels.rank() == 2 && labels.size(1) >= 2;
    return switch (encoding) {
      case NUMBERS -> false;
      case DETECT -> rows && data.getLabelsMaskArray() == null && areOneHot(labels);
      case CLASSES -> {
        if (!rows) {
          throw new IllegalArgumentException(
              "labels shape="
                  + Arrays.toString(labels.shape())
                  + " are no classes: give labels [examples, classes >= 2], or shard with "
                  + "LabelEncoding.NUMBERS");
        }
        yield true;
      }
    };
  }

  private static boolean areOneHot(INDArray labels) {
    float[] values = rowMajor(labels);
    int columns = (int) labels.size(1);
    return IntStream.range(0, values.length / columns)
        .allMatch(row -> hot(values, row * columns, columns) != NOT_ONE_HOT);
  }

  /** The column that is 1 while all others are 0. */
  private static int hot(float[] values, int from, int columns) {
    int hot = NOT_ONE_HOT;
    for (int column = 0; column < columns; column++) {
      float value = values[from + column];
      if (value == 1 && hot == NOT_ONE_HOT) {
        hot = column;
      } else if (value != 0) {
        return NOT_ONE_HOT;
      }
    }
    return hot;
  }

  private static List<Integer> exampleShape(INDArray array) {
    return array.rank() == 1
        ? List.of(1)
        : IntStream.range(1, array.rank()).mapToObj(i -> (int) array.size(i)).toList();
  }

  private static float[] rowMajor(INDArray array) {
    // Not ravel('c'): it takes the letter for a dimension.
    INDArray copy = array.castTo(DataType.FLOAT).dup('c');
    float[] values = new float[Math.toIntExact(copy.length())];
    new NativeFloats(copy).read(values);
    copy.close();
    return values;
  }

  private static INDArray array(DataSet data, Role role) {
    return switch (role) {
      case FEATURES -> data.getFeatures();
      case LABELS -> data.getLabels();
      case FEATURES_MASK -> data.getFeaturesMaskArray();
      case LABELS_MASK -> data.getLabelsMaskArray();
      case WEIGHTS -> null;
    };
  }

  /**
   * The examples of a data set, in their order.
   *
   * @param tensors those of the first data set
   * @throws IllegalArgumentException if the examples do not have these tensors, or their labels
   *     should be classes and are not one-hot
   */
  public static List<Example> examples(DataSet data, List<TensorSpec> tensors) {
    int count = data.numExamples();
    requireSameMasks(data, tensors);
    List<float[]> whole = new ArrayList<>();
    for (TensorSpec tensor : tensors) {
      INDArray array = array(data, tensor.role());
      if (array == null || array.size(0) != count || !exampleShape(array).equals(tensor.shape())) {
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
      whole.add(rowMajor(array));
    }
    List<Example> examples = new ArrayList<>();
    for (int row = 0; row < count; row++) {
      List<float[]> values = new ArrayList<>();
      for (int t = 0; t < whole.size(); t++) {
        values.add(values(tensors.get(t), whole.get(t), row));
      }
      examples.add(new Example(values));
    }
    return examples;
  }

  private static void requireSameMasks(DataSet data, List<TensorSpec> tensors) {
    for (Role role : List.of(Role.FEATURES_MASK, Role.LABELS_MASK)) {
      if (array(data, role) != null && tensors.stream().noneMatch(t -> t.role() == role)) {
        throw new IllegalArgumentException(
            "DataSet has a "
                + role.name().toLowerCase(Locale.ROOT)
                + " where the first one has none: give all DataSets the same shapes and masks");
      }
    }
  }

  private static float[] values(TensorSpec tensor, float[] whole, int row) {
    int length = tensor.elements();
    float[] values = Arrays.copyOfRange(whole, row * length, (row + 1) * length);
    if (tensor.encoding() == Encoding.FLOAT32) {
      return values;
    }
    int hot = hot(values, 0, length);
    if (hot == NOT_ONE_HOT) {
      throw new IllegalArgumentException(
          "DataSet "
              + tensor.name()
              + " row "
              + row
              + "="
              + shortened(values)
              + " is not one-hot, but the labels are "
              + length
              + " classes: make it one 1 and else 0, or shard with LabelEncoding.NUMBERS");
    }
    return new float[] {hot};
  }

  private static String shortened(float[] values) {
    int shown = 10;
    return values.length <= shown
        ? Arrays.toString(values)
        : Arrays.toString(Arrays.copyOf(values, shown)).replace("]", ", …]");
  }
}
