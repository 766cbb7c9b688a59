package dev.lockstep.ps.reduce;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Up to {@value #MOST} float32 values as their bits. The compiler of Java 17 vectorizes arithmetic
 * on {@code int[]}, but no loop with {@link Float#floatToRawIntBits}: so values are copied in bulk
 * through bytes that are seen both ways, a block at a time, which stays in the first-level cache.
 * Not thread-safe.
 */
public final class FloatBlock {

  /** Values of a full block: 8 KiB. */
  public static final int MOST = 2048;

  /** Bits of the values, or whatever a format makes of them. */
  final int[] bits;

  private final FloatBuffer floats;
  private final IntBuffer ints;

  /**
   * A block of zeros.
   *
   * @param count values that it need hold, if fewer than {@link #MOST}
   */
  public FloatBlock(int count) {
    int size = Math.min(count, MOST);
    bits = new int[size];
    ByteBuffer bytes = ByteBuffer.allocate(size * Float.BYTES).order(ByteOrder.nativeOrder());
    floats = bytes.asFloatBuffer();
    ints = bytes.asIntBuffer();
  }

  /** Bits of the values: the block's own array. */
  public int[] bits() {
    return bits;
  }

  /** Takes {@code count} values from absolute index {@code at} on. */
  public void load(FloatBuffer values, int at, int count) {
    floats.put(0, values, at, count);
    ints.get(0, bits, 0, count);
  }

  /** Puts {@code count} values to absolute index {@code at} on. */
  void store(FloatBuffer values, int at, int count) {
    ints.put(0, bits, 0, count);
    values.put(at, floats, 0, count);
  }

  /** The first values as floats. */
  void toFloats(float[] values, int count) {
    ints.put(0, bits, 0, count);
    floats.get(0, values, 0, count);
  }

  /** Takes values from floats. */
  void ofFloats(float[] values, int count) {
    floats.put(0, values, 0, count);
    ints.get(0, bits, 0, count);
  }
}
