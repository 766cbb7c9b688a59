package dev.lockstep.trainer.model.replica;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorRoles;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.model.ModelShape;
import dev.lockstep.trainer.model.UnsupportedModelException;
import dev.lockstep.trainer.model.array.NativeFloats;
import dev.lockstep.trainer.model.network.Network;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A dataset's tensors as a network's arrays. Keeps one set of off-heap arrays, as long as the
 * number of examples stays the same, and copies each micro-batch into it.
 */
public final class TensorBinding implements AutoCloseable {
  private final List<TensorSpec> tensors;
  private final List<Slot> features;
  private final List<Slot> labels;
  private final List<Slot> featuresMasks;
  private final List<Slot> labelsMasks;
  private final List<RowWeights> weights;

  private int examples;
  private final INDArray[] arrays;
  private final NativeFloats[] memory;
  private final INDArray[] columns;

  /** Where a tensor goes: its place among the dataset's, and the shape of one example there. */
  @SuppressWarnings("ArrayRecordComponent") // as ND4J wants it
  private record Slot(int tensor, long[] shape) {}

  /**
   * Binds tensors to inputs and outputs, in order.
   *
   * @throws UnsupportedModelException if they do not fit
   */
  public TensorBinding(ModelShape shape, List<TensorSpec> tensors) {
    this.tensors = tensors;
    this.arrays = new INDArray[tensors.size()];
    this.memory = new NativeFloats[tensors.size()];
    List<String> problems = shape.problems(tensors);
    if (!problems.isEmpty()) {
      throw new UnsupportedModelException(problems);
    }
    TensorRoles roles = TensorRoles.of(tensors);
    this.features = slots(tensors, roles.features(), shape.inputs());
    this.labels = slots(tensors, roles.labels(), shape.outputs());
    this.featuresMasks = masks(tensors, roles.featuresMasks());
    this.labelsMasks = masks(tensors, roles.labelsMasks());
    this.weights = RowWeights.of(tensors, labels.stream().map(Slot::shape).toList());
    this.columns = new INDArray[weights.size()];
  }

  private static List<Slot> slots(
      List<TensorSpec> tensors, List<Integer> indices, List<ModelShape.Port> ports) {
    return IntStream.range(0, indices.size())
        .mapToObj(
            i -> {
              int tensor = indices.get(i);
              return new Slot(tensor, ports.get(i).exampleShape(tensors.get(tensor)));
            })
        .toList();
  }

  /** One for each input or output; null where it has no mask. */
  private static List<Slot> masks(List<TensorSpec> tensors, List<Integer> indices) {
    List<Slot> slots = new ArrayList<>();
    for (int tensor : indices) {
      slots.add(tensor == TensorRoles.NONE ? null : new Slot(tensor, shape(tensors.get(tensor))));
    }
    return slots;
  }

  private static long[] shape(TensorSpec tensor) {
    return tensor.shape().stream().mapToLong(Integer::longValue).toArray();
  }

  /** Whether this binding is for these tensors. */
  public boolean isFor(List<TensorSpec> others) {
    return tensors.equals(others);
  }

  /** The micro-batch as arrays, which stay this object's and hold it until the next call. */
  public Network.Batch bind(MicroBatch batch) {
    if (batch.examples() < 1) {
      throw new IllegalArgumentException(
          "examples=" + batch.examples() + " < 1: an empty micro-batch has no gradient");
    }
    if (batch.examples() != examples) {
      close();
      examples = batch.examples();
      for (List<Slot> slots : List.of(features, labels, featuresMasks, labelsMasks)) {
        for (Slot slot : slots) {
          if (slot != null) {
            arrays[slot.tensor] = Nd4j.createUninitialized(DataType.FLOAT, shape(slot), 'c');
            memory[slot.tensor] = new NativeFloats(arrays[slot.tensor]);
          }
        }
      }
    }
    for (int i = 0; i < arrays.length; i++) {
      if (memory[i] != null) {
        memory[i].write(batch.values().get(i));
      }
    }
    return new Network.Batch(
        arrays(features), arrays(labels), masks(featuresMasks), masks(labelsMasks), weights(batch));
  }

  private INDArray[] weights(MicroBatch batch) {
    if (weights.isEmpty()) {
      return null;
    }
    for (int i = 0; i < columns.length; i++) {
      float[] rows = weights.get(i).rows(batch);
      if (columns[i] == null) {
        columns[i] = Nd4j.createUninitialized(DataType.FLOAT, new long[] {rows.length, 1}, 'c');
      }
      new NativeFloats(columns[i]).write(rows);
    }
    return columns.clone();
  }

  private long[] shape(Slot slot) {
    long[] shape = new long[slot.shape.length + 1];
    shape[0] = examples;
    System.arraycopy(slot.shape, 0, shape, 1, slot.shape.length);
    return shape;
  }

  private INDArray[] arrays(List<Slot> slots) {
    return slots.stream()
        .map(slot -> slot == null ? null : arrays[slot.tensor])
        .toArray(INDArray[]::new);
  }

  private INDArray[] masks(List<Slot> slots) {
    return slots.stream().allMatch(Objects::isNull) ? null : arrays(slots);
  }

  @Override
  public void close() {
    for (INDArray[] all : List.of(arrays, columns)) {
      for (INDArray array : all) {
        if (array != null) {
          array.close();
        }
      }
      Arrays.fill(all, null);
    }
    Arrays.fill(memory, null);
    examples = 0;
  }
}
