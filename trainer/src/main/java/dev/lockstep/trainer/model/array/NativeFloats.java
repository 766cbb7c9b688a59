package dev.lockstep.trainer.model.array;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A float32 array's off-heap memory, seen through a buffer for bulk copies: ND4J's own element
 * accessors cost a call per value. Valid while the array is open.
 */
public final class NativeFloats {
  private final FloatBuffer floats;

  /** The memory of an array whose elements lie side by side; it may be a part of another's. */
  public NativeFloats(INDArray array) {
    if (array.dataType() != DataType.FLOAT || array.elementWiseStride() != 1) {
      throw new IllegalArgumentException(
          "array dataType="
              + array.dataType()
              + " strides="
              + Arrays.toString(array.stride())
              + ": only contiguous FLOAT arrays can be copied in bulk");
    }
    // A pointer of its own: the array's must keep its position and limit.
    FloatPointer pointer = new FloatPointer(array.data().pointer());
    pointer.position(array.offset()).limit(array.offset() + array.length());
    floats = pointer.asBuffer();
  }

  public int length() {
    return floats.capacity();
  }

  /** Copies all values out. */
  public void read(float[] to) {
    floats.get(0, to, 0, floats.capacity());
  }

  /** Copies the first values in. */
  public void write(float[] from) {
    floats.put(0, from, 0, from.length);
  }
}
