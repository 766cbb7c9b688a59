package dev.lockstep.ps.reduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WireFormatTest {

  private static final int CODES = 1 << 16;

  /** Lower halves of float32 around every tie of both formats. */
  private static final int[] LOWER_HALVES = {
    0, 1, 2, 0x07FF, 0x0FFF, 0x1000, 0x1001, 0x17FF, 0x1FFF, 0x2000, 0x2FFF, 0x3000, 0x3001, 0x4000,
    0x5000, 0x7000, 0x7FFF, 0x8000, 0x8001, 0x9000, 0xB000, 0xD000, 0xDFFF, 0xE000, 0xEFFF, 0xF000,
    0xF001, 0xFFFF
  };

  @ParameterizedTest
  @EnumSource(names = {"BFLOAT16", "FLOAT16"})
  void everyCodeMeansWhatItsFieldsSay(WireFormat format) {
    float[] values = decode(format, allCodes(), CODES);
    for (int code = 0; code < CODES; code++) {
      double expected = valueOf(format, code);
      int c = code;
      assertEquals(expected, values[code], 0.0, () -> format + " code " + Integer.toHexString(c));
      assertEquals(code >>> 15, Float.floatToRawIntBits(values[code]) >>> 31);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BFLOAT16", "FLOAT16"})
  void everyCodeComesBackFromItsValue(WireFormat format) {
    float[] values = decode(format, allCodes(), CODES);
    float[] rounded = values.clone();
    format.round(rounded, 0, CODES);
    assertArrayEquals(values, rounded, "values of the format are not rounded");
    int[] codes = codes(format, values);
    for (int code = 0; code < CODES; code++) {
      if (Float.isNaN(values[code])) {
        assertTrue(Double.isNaN(valueOf(format, codes[code])));
      } else {
        assertEquals(code, codes[code]);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BFLOAT16", "FLOAT16"})
  void roundsToTheNearestWithTiesToEvenAndSaturates(WireFormat format) {
    for (int lower : LOWER_HALVES) {
      checkRounding(format, lower, lower);
    }
    Random random = new Random(11);
    for (int round = 0; round < 20; round++) {
      checkRounding(format, random.nextInt(CODES), random.nextInt(CODES));
    }
  }

  /** All upper halves of float32, with one lower half for even ones and another for odd ones. */
  private static void checkRounding(WireFormat format, int lowerOfEven, int lowerOfOdd) {
    float[] values = new float[CODES];
    for (int upper = 0; upper < CODES; upper++) {
      values[upper] =
          Float.intBitsToFloat((upper << 16) | (upper % 2 == 0 ? lowerOfEven : lowerOfOdd));
    }
    float[] rounded = values.clone();
    format.round(rounded, 0, CODES);
    for (int i = 0; i < CODES; i++) {
      float value = values[i];
      assertEquals(nearest(format, value), rounded[i], 0.0, () -> format + " of " + value);
      if (!Float.isNaN(value)) {
        assertEquals(Float.floatToRawIntBits(value) >>> 31, bits(rounded[i]) >>> 31);
      }
    }
    float[] sent = decode(format, encode(format, values), CODES);
    assertArrayEquals(bits(rounded), bits(sent), "what arrives is what rounding gives");
  }

  @Test
  void float32KeepsEveryBit() {
    float[] values = {
      -0f, Float.intBitsToFloat(0x7F800123), Float.MIN_VALUE, Float.MAX_VALUE, 0.1f
    };
    int[] expected = bits(values);
    WireFormat.FLOAT32.round(values, 0, values.length);
    assertArrayEquals(expected, bits(values));
    ByteBuffer bytes = encode(WireFormat.FLOAT32, values);
    assertEquals(20, bytes.capacity());
    assertArrayEquals(expected, bits(decode(WireFormat.FLOAT32, bytes, values.length)));
  }

  @ParameterizedTest
  @EnumSource
  void anyNumberOfValuesFromAnyPlaceArrives(WireFormat format) {
    Random random = new Random(3);
    float[] values = new float[3 * FloatBlock.MOST];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    format.round(values, 0, values.length);
    for (int count : new int[] {0, 1, 2, 3, 4095, 4096, 4097, 4098, 5001}) {
      FloatBuffer from = FloatBuffer.wrap(values, 7, count);
      ByteBuffer bytes = ByteBuffer.allocate(5 + format.encodedLength(count) + 3);
      format.encode(from, bytes, 5);
      assertEquals(7, from.position());
      float[] arrived = new float[count + 2];
      format.decode(bytes, 5, FloatBuffer.wrap(arrived, 1, count));
      assertArrayEquals(
          Arrays.copyOfRange(values, 7, 7 + count), Arrays.copyOfRange(arrived, 1, 1 + count));
      assertEquals(0, arrived[0] + arrived[count + 1], "nothing outside is written");
      assertEquals(0, bytes.get(4) + bytes.get(5 + format.encodedLength(count)));
    }
  }

  @Test
  void wordsHoldAValueInEachHalf() {
    ByteBuffer bytes = encode(WireFormat.BFLOAT16, new float[] {1, 2, -3});
    assertEquals("803f40c000400000", hex(bytes));
    ByteBuffer halves = encode(WireFormat.FLOAT16, new float[] {1, 2, -3});
    assertEquals("003c00c200400000", hex(halves));
  }

  @Test
  void roundsOnlyTheRangeThatIsAsked() {
    float[] values = {1.0001f, 1.0001f, 1.0001f};
    WireFormat.BFLOAT16.round(values, 1, 2);
    assertArrayEquals(new float[] {1.0001f, 1, 1.0001f}, values);
    assertThrows(IndexOutOfBoundsException.class, () -> WireFormat.BFLOAT16.round(values, 1, 4));
  }

  /** The value of a code, from the definition of its fields, in float64. */
  private static double valueOf(WireFormat format, int code) {
    int fractionBits = format == WireFormat.BFLOAT16 ? 7 : 10;
    int bias = format == WireFormat.BFLOAT16 ? 127 : 15;
    int exponent = (code & 0x7FFF) >> fractionBits;
    int fraction = code & ((1 << fractionBits) - 1);
    double magnitude;
    if (exponent == 2 * bias + 1) {
      magnitude = fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
    } else if (exponent == 0) {
      magnitude = fraction * Math.pow(2, 1 - bias - fractionBits);
    } else {
      magnitude = (1 + fraction * Math.pow(2, -fractionBits)) * Math.pow(2, exponent - bias);
    }
    return code < 0x8000 ? magnitude : -magnitude;
  }

  /** The nearest value of a format: a multiple of the spacing at that exponent, in float64. */
  private static double nearest(WireFormat format, float value) {
    if (Float.isNaN(value) || Float.isInfinite(value) || value == 0) {
      return value;
    }
    boolean brain = format == WireFormat.BFLOAT16;
    int exponent = Math.max(Math.getExponent((double) value), brain ? -126 : -14);
    double spacing = Math.pow(2, exponent - (brain ? 7 : 10));
    double most = brain ? (2 - Math.pow(2, -7)) * Math.pow(2, 127) : 65_504;
    double nearest = Math.rint(value / spacing) * spacing;
    return Math.max(-most, Math.min(most, nearest));
  }

  private static ByteBuffer allCodes() {
    ByteBuffer bytes = ByteBuffer.allocate(2 * CODES).order(ByteOrder.LITTLE_ENDIAN);
    for (int word = 0; word < CODES / 2; word++) {
      bytes.putInt(word | ((CODES / 2 + word) << 16));
    }
    return bytes;
  }

  private static int[] codes(WireFormat format, float[] values) {
    ByteBuffer bytes = encode(format, values).order(ByteOrder.LITTLE_ENDIAN);
    int[] codes = new int[values.length];
    int words = (values.length + 1) / 2;
    for (int i = 0; i < values.length; i++) {
      int word = bytes.getInt((i % words) * Integer.BYTES);
      codes[i] = i < words ? word & 0xFFFF : word >>> 16;
    }
    return codes;
  }

  private static ByteBuffer encode(WireFormat format, float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(format.encodedLength(values.length));
    format.encode(FloatBuffer.wrap(values), bytes, 0);
    return bytes;
  }

  private static float[] decode(WireFormat format, ByteBuffer bytes, int count) {
    float[] values = new float[count];
    format.decode(bytes, 0, FloatBuffer.wrap(values));
    return values;
  }

  private static String hex(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.get(0, bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = bits(values[i]);
    }
    return bits;
  }

  private static int bits(float value) {
    return Float.floatToRawIntBits(value);
  }
}
