package dev.lockstep.trainer.model.replica;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Data and measures that the tests of this room share. */
public final class Fixtures {

  private Fixtures() {}

  public static TensorSpec features(Integer... shape) {
    return new TensorSpec("features", Role.FEATURES, Encoding.FLOAT32, List.of(shape));
  }

  public static TensorSpec classes(int count) {
    return new TensorSpec("labels", Role.LABELS, Encoding.CLASS_INDEX, List.of(count));
  }

  public static TensorSpec targets(Integer... shape) {
    return new TensorSpec("labels", Role.LABELS, Encoding.FLOAT32, List.of(shape));
  }

  /** Random examples whose labels depend on the features. */
  public static MicroBatch examples(List<TensorSpec> tensors, int count, long seed) {
    Random random = new Random(seed);
    List<float[]> values = new ArrayList<>();
    for (TensorSpec tensor : tensors) {
      float[] array = new float[count * tensor.elements()];
      values.add(array);
      if (tensor.role() == Role.FEATURES_MASK || tensor.role() == Role.LABELS_MASK) {
        Arrays.fill(array, 1);
      } else if (tensor.encoding() == Encoding.FLOAT32) {
        for (int i = 0; i < array.length; i++) {
          array[i] = (float) random.nextGaussian();
        }
      } else {
        float[] features = values.get(0);
        int width = features.length / count;
        for (int i = 0; i < count; i++) {
          float sum = 0;
          for (int j = 0; j < width; j++) {
            sum += features[i * width + j] * (j % 3 - 1);
          }
          int label = (int) Math.floorMod((long) Math.floor(sum), (long) tensor.elements());
          array[i * tensor.elements() + label] = 1;
        }
      }
    }
    return new MicroBatch(count, tensors, values);
  }

  /** Rows [from, to) of a batch. */
  public static MicroBatch slice(MicroBatch batch, int from, int to) {
    List<float[]> values = new ArrayList<>();
    for (int i = 0; i < batch.tensors().size(); i++) {
      int width = batch.tensors().get(i).elements();
      values.add(Arrays.copyOfRange(batch.values().get(i), from * width, to * width));
    }
    return new MicroBatch(to - from, batch.tensors(), values);
  }

  /** A global batch as V micro-batches of at most b examples; null where none are left. */
  static List<MicroBatch> split(MicroBatch global, int virtualWorkers, int b) {
    List<MicroBatch> parts = new ArrayList<>();
    for (int v = 0; v < virtualWorkers; v++) {
      int from = Math.min(global.examples(), v * b);
      int to = Math.min(global.examples(), from + b);
      parts.add(from == to ? null : slice(global, from, to));
    }
    return parts;
  }

  /** The same examples for plain DL4J, features in the given shape (without the batch). */
  public static DataSet dl4j(MicroBatch batch, long... exampleShape) {
    long[] shape = new long[exampleShape.length + 1];
    shape[0] = batch.examples();
    System.arraycopy(exampleShape, 0, shape, 1, exampleShape.length);
    INDArray features = Nd4j.create(batch.values().get(0)).reshape('c', shape);
    INDArray labels =
        Nd4j.create(batch.values().get(1))
            .reshape('c', batch.examples(), batch.tensors().get(1).elements());
    return new DataSet(features, labels);
  }

  public static float[] floats(INDArray array) {
    return array.dup('c').data().asFloat();
  }

  /** ‖a − b‖ / ‖b‖. */
  public static double relativeError(float[] a, float[] b) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < b.length; i++) {
      difference += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
      norm += (double) b[i] * b[i];
    }
    return Math.sqrt(difference / norm);
  }

  static float[] minus(float[] a, float[] b) {
    float[] result = new float[a.length];
    for (int i = 0; i < a.length; i++) {
      result[i] = a[i] - b[i];
    }
    return result;
  }
}
