package dev.lockstep.trainer.checkpoint;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Vectors as little-endian float32, in bulk. */
final class VectorBytes {

  private static final int BUFFER = 1 << 16;

  private VectorBytes() {}

  static void write(OutputStream out, float[] values) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
    int step = BUFFER / Float.BYTES;
    for (int from = 0; from < values.length; from += step) {
      int count = Math.min(step, values.length - from);
      buffer.asFloatBuffer().put(values, from, count);
      out.write(buffer.array(), 0, count * Float.BYTES);
    }
  }

  /** Fills {@code count} elements from {@code begin} on. */
  static void read(DataInputStream in, float[] values, int begin, int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
    int step = BUFFER / Float.BYTES;
    for (int done = 0; done < count; done += step) {
      int now = Math.min(step, count - done);
      in.readFully(buffer.array(), 0, now * Float.BYTES);
      buffer.asFloatBuffer().get(values, begin + done, now);
    }
  }
}
