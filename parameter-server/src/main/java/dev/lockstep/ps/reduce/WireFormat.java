package dev.lockstep.ps.reduce;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Objects;

/**
 * How a value of a gradient sum is represented on its way to the parameter server. Fixed for a run;
 * crosses from driver to executors. Stateless; never blocks.
 *
 * <p>With 16 bits every node of the pairwise tree is rounded, leaves and joins alike, on workers
 * and servers alike: what a message carries is then exact, and the sum does not depend on who took
 * it.
 *
 * <p>Values are rounded to the nearest, ties to even. What is finite stays finite: values beyond
 * the largest one of the format become that one. Infinities, zeros and their signs are kept, and
 * NaN stays NaN.
 */
public enum WireFormat {
  /** As computed: IEEE 754 binary32. */
  FLOAT32(0, Float.BYTES) {
    @Override
    public void round(float[] values, int from, int to) {
      Objects.checkFromToIndex(from, to, values.length);
    }

    @Override
    public int encodedLength(int count) {
      return count * Float.BYTES;
    }

    @Override
    public void encode(FloatBuffer values, ByteBuffer to, int at) {
      floats(to, at, values.remaining()).put(values.duplicate());
    }

    @Override
    public void decode(ByteBuffer bytes, int at, FloatBuffer values) {
      values.duplicate().put(floats(bytes, at, values.remaining()));
    }

    private static FloatBuffer floats(ByteBuffer bytes, int at, int count) {
      return bytes.slice(at, count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }

    @Override
    void roundBits(FloatBlock block, int count) {}

    @Override
    void toCodes(FloatBlock block, int count) {}

    @Override
    void toBits(FloatBlock block, int count) {}
  },

  /** The upper half of binary32: 8 bits of exponent, 7 of fraction; up to 3.39e38. */
  BFLOAT16(1, Short.BYTES) {
    @Override
    void roundBits(FloatBlock block, int count) {
      int[] bits = block.bits;
      for (int i = 0; i < count; i++) {
        bits[i] = BrainFloat.round(bits[i]);
      }
    }

    @Override
    void toCodes(FloatBlock block, int count) {
      int[] bits = block.bits;
      for (int i = 0; i < count; i++) {
        bits[i] = BrainFloat.round(bits[i]) >>> 16;
      }
    }

    @Override
    void toBits(FloatBlock block, int count) {
      int[] bits = block.bits;
      for (int i = 0; i < count; i++) {
        bits[i] <<= 16;
      }
    }
  },

  /** IEEE 754 binary16: 5 bits of exponent, 10 of fraction; 2^-24 (6e-8) up to 65,504. */
  FLOAT16(2, Short.BYTES) {
    @Override
    void roundBits(FloatBlock block, int count) {
      HalfFloat.round(block, count);
    }

    @Override
    void toCodes(FloatBlock block, int count) {
      HalfFloat.toCodes(block, count);
    }

    @Override
    void toBits(FloatBlock block, int count) {
      HalfFloat.toBits(block, count);
    }
  };

  private final byte code;
  private final int bytesPerValue;

  WireFormat(int code, int bytesPerValue) {
    this.code = (byte) code;
    this.bytesPerValue = bytesPerValue;
  }

  /** How messages name the format. */
  public byte code() {
    return code;
  }

  /** Bytes of one value. */
  public int bytesPerValue() {
    return bytesPerValue;
  }

  /**
   * Rounds values in place to ones of the format.
   *
   * @param from first element
   * @param to one after the last
   */
  public void round(float[] values, int from, int to) {
    Objects.checkFromToIndex(from, to, values.length);
    FloatBuffer floats = FloatBuffer.wrap(values);
    FloatBlock block = new FloatBlock(to - from);
    for (int at = from; at < to; at += FloatBlock.MOST) {
      int count = Math.min(FloatBlock.MOST, to - at);
      block.load(floats, at, count);
      roundBits(block, count);
      block.store(floats, at, count);
    }
  }

  /** Bytes that so many values take: 16-bit ones come in pairs. */
  public int encodedLength(int count) {
    return words(count) * Integer.BYTES;
  }

  /**
   * Writes values, rounding those that are not of the format. 16-bit values go into little-endian
   * words of 32 bits, so that both ways are arithmetic on whole words: of n values, word i holds
   * value i in its lower half and value ⌈n/2⌉ + i, or 0, in its upper one.
   *
   * @param values from position to limit; its position does not move
   * @param to receives {@link #encodedLength} bytes from {@code at} on
   */
  public void encode(FloatBuffer values, ByteBuffer to, int at) {
    int count = values.remaining();
    int words = words(count);
    IntBuffer out = words(to, at, words);
    FloatBlock lower = new FloatBlock(words);
    FloatBlock upper = new FloatBlock(words);
    for (int word = 0; word < words; word += FloatBlock.MOST) {
      int lowers = Math.min(FloatBlock.MOST, words - word);
      int uppers = Math.min(lowers, count - words - word);
      lower.load(values, values.position() + word, lowers);
      toCodes(lower, lowers);
      upper.load(values, values.position() + words + word, uppers);
      toCodes(upper, uppers);
      if (uppers < lowers) {
        upper.bits[uppers] = 0;
      }
      merge(lower.bits, upper.bits, lowers);
      out.put(lower.bits, 0, lowers);
    }
  }

  /**
   * Reads what {@link #encode} has written.
   *
   * @param bytes holds {@link #encodedLength} bytes from {@code at} on
   * @param values receives as many values as fit from position to limit; its position does not move
   */
  public void decode(ByteBuffer bytes, int at, FloatBuffer values) {
    int count = values.remaining();
    int words = words(count);
    IntBuffer in = words(bytes, at, words);
    FloatBlock lower = new FloatBlock(words);
    FloatBlock upper = new FloatBlock(words);
    for (int word = 0; word < words; word += FloatBlock.MOST) {
      int lowers = Math.min(FloatBlock.MOST, words - word);
      int uppers = Math.min(lowers, count - words - word);
      in.get(lower.bits, 0, lowers);
      split(lower.bits, upper.bits, lowers);
      toBits(lower, lowers);
      lower.store(values, values.position() + word, lowers);
      toBits(upper, uppers);
      upper.store(values, values.position() + words + word, uppers);
    }
  }

  /** Bits of float32 values to bits of the rounded ones. */
  abstract void roundBits(FloatBlock block, int count);

  /** Bits of float32 values to codes of 16 bits. */
  abstract void toCodes(FloatBlock block, int count);

  /** Codes of 16 bits to bits of float32 values. */
  abstract void toBits(FloatBlock block, int count);

  private static void merge(int[] lower, int[] upper, int count) {
    for (int i = 0; i < count; i++) {
      lower[i] |= upper[i] << 16;
    }
  }

  private static void split(int[] lower, int[] upper, int count) {
    for (int i = 0; i < count; i++) {
      upper[i] = lower[i] >>> 16;
      lower[i] &= 0xFFFF;
    }
  }

  private static int words(int count) {
    return (count + 1) / 2;
  }

  private static IntBuffer words(ByteBuffer bytes, int at, int words) {
    return bytes.slice(at, words * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
  }
}
