package dev.lockstep.ps.transport.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.reduce.WireFormat;
import dev.lockstep.ps.transport.message.FrameCodec.Layout;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FrameCodecTest {

  private static final int AT = 4;

  @ParameterizedTest
  @EnumSource
  void everyFrameComesBackAsItWasInTheBytesItAnnounced(WireFormat format) {
    Random random = new Random(1);
    for (int floats : new int[] {0, 1, 2, 63, 64, 65, 4097, FrameLayout.FRAME}) {
      for (double density : new double[] {0, 0.001, 0.03, 0.2, 0.9, 1}) {
        float[] frame = frame(format, floats, density, random);
        FrameCodec codec = FrameCodec.of(FloatBuffer.wrap(frame), format);
        ByteBuffer bytes = Wire.allocate(AT + codec.encodedLength());
        // Memory that was used before.
        while (bytes.hasRemaining()) {
          bytes.put((byte) -1);
        }
        bytes.flip();
        codec.encode(bytes, AT);
        FloatBuffer decoded = FrameCodec.decode(bytes, AT);
        float[] arrived = new float[floats];
        assertEquals(floats, decoded.remaining());
        decoded.get(arrived);
        assertArrayEquals(bits(frame), bits(arrived));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theShortestLayoutIsTaken(WireFormat format) {
    int floats = FrameLayout.FRAME;
    int value = format.bytesPerValue();
    for (int entries : new int[] {0, 2, 1000, 4096, 4098, 20_000, 60_000, 63_490, floats}) {
      float[] frame = new float[floats];
      Arrays.fill(frame, 0, entries, 1);
      FrameCodec codec = FrameCodec.of(FloatBuffer.wrap(frame), format);
      int dense = floats * value;
      int bitmap = floats / 8 + entries * value;
      int index = entries * (2 + value);
      assertEquals(
          FrameCodec.HEADER + Math.min(dense, Math.min(bitmap, index)), codec.encodedLength());
      Layout expected =
          dense <= Math.min(bitmap, index)
              ? Layout.DENSE
              : bitmap <= index ? Layout.BITMAP : Layout.INDEX;
      assertEquals(expected, codec.layout());
    }
  }

  @Test
  void framesAreTheseBytes() {
    assertEquals(
        "00000000" + "01000000" + "01000000" + "0000803f",
        hex(WireFormat.FLOAT32, new float[] {1}));
    assertEquals(
        "00010000" + "02000000" + "02000000" + "803f00c0", hex(WireFormat.BFLOAT16, 1, -2));
    float[] few = new float[66];
    few[3] = 1;
    few[65] = -2;
    assertEquals(
        "02020000" + "42000000" + "02000000" + "03004100" + "003c00c0",
        hex(WireFormat.FLOAT16, few));
    float[] many = new float[66];
    Arrays.fill(many, 0, 16, 1);
    many[64] = -0f;
    assertEquals(
        "01000000"
            + "42000000"
            + "11000000"
            + "ffff000000000000"
            + "0100000000000000"
            + "0000803f".repeat(16)
            + "00000080",
        hex(WireFormat.FLOAT32, many));
  }

  @Test
  void headersThatLieAreRefused() {
    ByteBuffer dense = encoded(new float[] {1, 2, 3});
    refused("frame: layout=3 is not in [0, 3)", copy(dense).put(AT, (byte) 3));
    refused("frame: format=-1 is not in [0, 3)", copy(dense).put(AT + 1, (byte) -1));
    refused("frame: floats=65537 is not in [0, 65536]", copy(dense).putInt(AT + 4, 65_537));
    refused("frame: floats=-1 is not in [0, 65536]", copy(dense).putInt(AT + 4, -1));
    refused("frame: entries=4 is not in [0, 3]", copy(dense).putInt(AT + 8, 4));
    refused("frame: entries=-2 is not in [0, 3]", copy(dense).putInt(AT + 8, -2));
    refused("frame: entries=2 != floats=3 of a dense frame", copy(dense).putInt(AT + 8, 2));
    refused(
        "frame: length=24 != 28, what its fields say",
        copy(dense).putInt(AT + 4, 4).putInt(AT + 8, 4));
    refused("frame: length=23 != 24, what its fields say", copy(dense).limit(AT + 23));
  }

  @Test
  void indicesThatDoNotAscendOrLeaveTheFrameAreRefused() {
    float[] frame = new float[100];
    frame[7] = 1;
    frame[9] = 1;
    ByteBuffer index = encoded(frame);
    int indices = AT + FrameCodec.HEADER;
    refused(
        "frame: index=7 of entry 1 is not in (7, floats=100): indices ascend",
        copy(index).putShort(indices + 2, (short) 7));
    refused(
        "frame: index=65535 of entry 0 is not in (-1, floats=100): indices ascend",
        copy(index).putShort(indices, (short) -1));
    refused(
        "frame: index=100 of entry 1 is not in (7, floats=100): indices ascend",
        copy(index).putShort(indices + 2, (short) 100));
  }

  @Test
  void bitmapsThatMarkOtherFloatsThanAreThereAreRefused() {
    float[] frame = new float[100];
    Arrays.fill(frame, 0, 60, 1);
    ByteBuffer bitmap = encoded(frame);
    int words = AT + FrameCodec.HEADER;
    refused("frame: entries=60 != 61, what its bitmap marks", copy(bitmap).putLong(words + 8, 1L));
    refused(
        "frame: its bitmap marks floats beyond floats=100",
        copy(bitmap).putLong(words + 8, 1L << 36));
  }

  private static void refused(String expected, ByteBuffer bytes) {
    assertEquals(
        expected,
        assertThrows(MessageException.class, () -> FrameCodec.decode(bytes, AT)).getMessage());
  }

  private static ByteBuffer encoded(float[] frame) {
    FrameCodec codec = FrameCodec.of(FloatBuffer.wrap(frame), WireFormat.FLOAT32);
    ByteBuffer bytes = Wire.allocate(AT + codec.encodedLength());
    codec.encode(bytes, AT);
    return bytes;
  }

  private static ByteBuffer copy(ByteBuffer bytes) {
    return Wire.allocate(bytes.capacity()).put(0, bytes, 0, bytes.capacity());
  }

  private static String hex(WireFormat format, float... frame) {
    FrameCodec codec = FrameCodec.of(FloatBuffer.wrap(frame), format);
    ByteBuffer bytes = Wire.allocate(codec.encodedLength());
    codec.encode(bytes, 0);
    byte[] array = new byte[bytes.capacity()];
    bytes.get(0, array);
    return HexFormat.of().formatHex(array);
  }

  /** Values of the format, negative zeros among them, and +0 elsewhere. */
  private static float[] frame(WireFormat format, int floats, double density, Random random) {
    float[] frame = new float[floats];
    for (int i = 0; i < floats; i++) {
      if (random.nextDouble() < density) {
        frame[i] = random.nextInt(20) == 0 ? -0f : (float) random.nextGaussian();
      }
    }
    format.round(frame, 0, floats);
    return frame;
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }
}
