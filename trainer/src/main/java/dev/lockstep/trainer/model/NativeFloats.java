package dev.lockstep.trainer.model;

import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A float32 array's off-heap memory, seen through a buffer for bulk copies: ND4J's own element
 * accessors cost a call per value. Valid while the array is open.
 */
final class NativeFloats {
  private final FloatBuffer floats;

  /** The memory of a contiguous array. */
  NativeFloats(INDArray array) {
    if (array.dataType() != DataType.FLOAT || array.isView()) {
      throw new IllegalArgumentException(
          "array dataType="
              + array.dataType()
              + " view="
              + array.isView()
              + ": only whole FLOAT arrays can be copied in bulk");
    }
    FloatPointer pointer = (FloatPointer) array.data().pointer();
    // A copy of the pointer: asByteBuffer() of the array's own one would follow its position.
    floats = new FloatPointer(pointer).capacity(array.length()).asBuffer();
  }

  int length() {
    return floats.capacity();
  }

  /** Copies all values out. */
  void read(float[] to) {
    floats.get(0, to, 0, floats.capacity());
  }

  /** Copies the first values in. */
  void write(float[] from) {
    floats.put(0, from, 0, from.length);
  }
}
