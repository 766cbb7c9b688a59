package dev.lockstep.trainer.data;

import dev.lockstep.sharding.TensorRoles;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.trainer.model.array.NativeFloats;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * One of the arrays that all data sets of an RDD have, with its mask.
 *
 * @param name of its tensor
 * @param role features or labels
 * @param index among those of its role
 * @param encoding classes or numbers
 * @param shape of one example; the length of a sequence is the longest
 * @param maskShape of one example's mask; empty if it has none
 * @param isSequence whether the array has rank 3, {@code [examples, size, time]}
 */
record DataSetArray(
    String name,
    Role role,
    int index,
    Encoding encoding,
    List<Integer> shape,
    List<Integer> maskShape,
    boolean isSequence)
    implements Serializable {

  private static final String SAME = ": give all DataSets the same shapes and masks";
  private static final int NOT_ONE_HOT = -1;

  DataSetArray {
    // Plain lists, which Java and every other serializer know.
    shape = new ArrayList<>(shape);
    maskShape = new ArrayList<>(maskShape);
  }

  static DataSetArray of(
      String name, Role role, int index, MultiDataSet data, LabelEncoding labels) {
    INDArray array = Objects.requireNonNull(all(data, role))[index];
    if (array == null) {
      throw new IllegalArgumentException("DataSet " + name + " is missing: give every array");
    }
    INDArray mask = mask(data, role, index);
    boolean classes = role == Role.LABELS && areClasses(array, mask, labels);
    return new DataSetArray(
        name,
        role,
        index,
        classes ? Encoding.CLASS_INDEX : Encoding.FLOAT32,
        exampleShape(array),
        mask == null ? List.of() : exampleShape(mask),
        array.rank() == 3);
  }

  static INDArray[] all(MultiDataSet data, Role role) {
    return role == Role.FEATURES ? data.getFeatures() : data.getLabels();
  }

  private static INDArray mask(MultiDataSet data, Role role, int index) {
    INDArray[] masks =
        role == Role.FEATURES ? data.getFeaturesMaskArrays() : data.getLabelsMaskArrays();
    return masks == null || masks.length <= index ? null : masks[index];
  }

  private static boolean areClasses(INDArray labels, INDArray mask, LabelEncoding encoding) {
    boolean rows = labels.rank() == 2 && labels.size(1) >= 2;
    return switch (encoding) {
      case NUMBERS -> false;
      case DETECT -> rows && mask == null && areOneHot(labels);
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

  boolean isMasked() {
    return !maskShape.isEmpty();
  }

  TensorSpec tensor() {
    return new TensorSpec(name, role, encoding, shape);
  }

  TensorSpec mask() {
    Role masks = role == Role.FEATURES ? Role.FEATURES_MASK : Role.LABELS_MASK;
    return new TensorSpec(name + TensorRoles.MASK_SUFFIX, masks, Encoding.FLOAT32, maskShape);
  }

  private int time() {
    return shape.get(shape.size() - 1);
  }

  DataSetArray stretchedTo(MultiDataSet data) {
    INDArray array = all(data, role)[index];
    INDArray mask = mask(data, role, index);
    if (!isSequence || array.rank() != 3) {
      requireShape(array, array.size(0));
      return this;
    }
    List<Integer> own = exampleShape(array);
    List<Integer> ownMask = mask == null ? List.of() : exampleShape(mask);
    if (mask != null && !ownMask.get(ownMask.size() - 1).equals(own.get(1))) {
      throw misfit(array, array.size(0));
    }
    return stretchedTo(new DataSetArray(name, role, index, encoding, own, ownMask, true));
  }

  DataSetArray stretchedTo(DataSetArray other) {
    if (!isSequence) {
      return this;
    }
    boolean sameSize = shape.get(0).equals(other.shape.get(0));
    boolean sameKindOfMask =
        !isMasked()
            || !other.isMasked()
            || withTime(maskShape, 1).equals(withTime(other.maskShape, 1));
    if (!sameSize || !sameKindOfMask) {
      throw new IllegalArgumentException(
          "DataSet "
              + name
              + " shape="
              + other.shape
              + " mask="
              + other.maskShape
              + " per example, where the first one has "
              + shape
              + " and "
              + maskShape
              + ": give all DataSets the same shapes and masks, but for the length of sequences");
    }
    int time = Math.max(time(), other.time());
    List<Integer> mask = isMasked() ? maskShape : other.maskShape;
    if (mask.isEmpty() && time() != other.time()) {
      mask = List.of(time);
    }
    return new DataSetArray(
        name,
        role,
        index,
        encoding,
        withTime(shape, time),
        mask.isEmpty() ? mask : withTime(mask, time),
        true);
  }

  private static List<Integer> withTime(List<Integer> shape, int time) {
    List<Integer> changed = new ArrayList<>(shape);
    changed.set(shape.size() - 1, time);
    return changed;
  }

  /** One row per example: its values, padded, or its class. */
  float[][] rows(MultiDataSet data, int count) {
    INDArray array = all(data, role)[index];
    if (!isSequence || array.rank() != 3) {
      requireShape(array, count);
    } else if (array.size(0) != count
        || array.size(1) != shape.get(0)
        || array.size(2) > time()
        || (array.size(2) < time() && !isMasked())) {
      throw misfit(array, count);
    }
    requireMask(data);
    float[][] rows = padded(array, count, shape);
    if (encoding == Encoding.CLASS_INDEX) {
      for (int row = 0; row < count; row++) {
        rows[row] = new float[] {classOf(rows[row], row)};
      }
    }
    return rows;
  }

  private void requireMask(MultiDataSet data) {
    boolean hasMask = mask(data, role, index) != null;
    if (hasMask && !isMasked()) {
      throw new IllegalArgumentException(
          "DataSet has a "
              + name
              + TensorRoles.MASK_SUFFIX
              + " where the first one has none"
              + SAME);
    }
  }

  /** One row per example: 1 where there is no mask, 0 where it is padded. */
  float[][] maskRows(MultiDataSet data, int count) {
    INDArray mask = mask(data, role, index);
    int time = isSequence ? (int) all(data, role)[index].size(2) : 0;
    if (mask == null && isSequence) {
      float[][] rows = new float[count][mask().elements()];
      for (float[] row : rows) {
        for (int i = 0; i < row.length; i++) {
          row[i] = i % time() < time ? 1 : 0;
        }
      }
      return rows;
    }
    List<Integer> wanted = mask == null || !isSequence ? maskShape : withTime(maskShape, time);
    if (mask == null || mask.size(0) != count || !exampleShape(mask).equals(wanted)) {
      throw new IllegalArgumentException(
          "DataSet "
              + name
              + TensorRoles.MASK_SUFFIX
              + (mask == null ? " is missing" : " shape=" + Arrays.toString(mask.shape()))
              + " where the first one has "
              + wanted
              + " for each of "
              + count
              + " examples"
              + SAME);
    }
    float[][] rows = padded(mask, count, maskShape);
    for (int row = 0; row < count; row++) {
      requireBinary(rows[row], row);
    }
    return rows;
  }

  /** By anything else DL4J would multiply activations, which nobody wants. */
  private void requireBinary(float[] values, int row) {
    for (float value : values) {
      if (value != 0 && value != 1) {
        throw new IllegalArgumentException(
            "DataSet "
                + name
                + TensorRoles.MASK_SUFFIX
                + " row "
                + row
                + " has "
                + value
                + ": masks are 0 or 1; give weights of examples with DataSets.ofWeighted");
      }
    }
  }

  /** Rows of the given shape, whose last dimension may be longer than the array's. */
  private static float[][] padded(INDArray array, int count, List<Integer> shape) {
    float[] values = rowMajor(array);
    int longest = shape.get(shape.size() - 1);
    int length = array.rank() == 1 ? 1 : (int) array.size(array.rank() - 1);
    int lines = shape.stream().reduce(1, Math::multiplyExact) / longest;
    float[][] rows = new float[count][lines * longest];
    for (int row = 0; row < count; row++) {
      for (int line = 0; line < lines; line++) {
        System.arraycopy(values, (row * lines + line) * length, rows[row], line * longest, length);
      }
    }
    return rows;
  }

  private void requireShape(INDArray array, long count) {
    if (array.size(0) != count || !exampleShape(array).equals(shape)) {
      throw misfit(array, count);
    }
  }

  private IllegalArgumentException misfit(INDArray array, long count) {
    return new IllegalArgumentException(
        "DataSet "
            + name
            + " shape="
            + Arrays.toString(array.shape())
            + " where the first one has "
            + shape
            + " for each of "
            + count
            + " examples"
            + SAME);
  }

  private int classOf(float[] values, int row) {
    int hot = hot(values, 0, values.length);
    if (hot == NOT_ONE_HOT) {
      throw new IllegalArgumentException(
          "DataSet "
              + name
              + " row "
              + row
              + "="
              + shortened(values)
              + " is not one-hot, but the labels are "
              + values.length
              + " classes: make it one 1 and else 0, or shard with LabelEncoding.NUMBERS");
    }
    return hot;
  }

  private static String shortened(float[] values) {
    int shown = 10;
    return values.length <= shown
        ? Arrays.toString(values)
        : Arrays.toString(Arrays.copyOf(values, shown)).replace("]", ", …]");
  }
}
