package dev.lockstep.trainer.model.array;

import dev.lockstep.trainer.model.PrintableText;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An array in ND4J's stream format, as {@code Nd4j.write} leaves it:
 *
 * <pre>
 *   UTF allocation mode, int64 n, UTF "LONG", n int64:   rank, shape, strides, three more
 *   UTF allocation mode, int64 P, UTF type, P values     (big endian), in the order of the strides
 * </pre>
 *
 * Whatever a file claims is checked before anything is allocated or addressed by it.
 */
public final class SavedArray {

  private static final int MOST_DIMENSIONS = 8;
  private static final int MORE = 4;

  /** ND4J's allocation modes, those of earlier versions included. */
  private static final Set<String> MODES =
      Set.of("DIRECT", "HEAP", "JAVACPP", "LONG_SHAPE", "MIXED_DATA_TYPES");

  private SavedArray() {}

  /** What stands before the values: P and their type. */
  private record Header(long[] shape, long[] strides, long length, String type) {}

  /**
   * Reads an array, its values as float32 in row-major order.
   *
   * @throws EOFException if the stream has fewer bytes than the array needs
   * @throws StreamCorruptedException if it is no such array
   */
  public static INDArray read(DataInputStream in) throws IOException {
    Header header = header(in);
    ElementType type = ElementType.named(header.type);
    requireInside(header.shape, header.strides, header.length);
    if (header.length > in.available() / type.bytes) {
      throw new EOFException();
    }
    float[] stored = new float[(int) header.length];
    for (int i = 0; i < stored.length; i++) {
      stored[i] = type.read(in);
    }
    return Nd4j.create(rowMajor(stored, header.shape, header.strides), header.shape, 'c');
  }

  /**
   * Reads a vector of float32 of a known length.
   *
   * @throws EOFException if the stream has fewer bytes than the vector needs
   * @throws StreamCorruptedException if it is no such vector
   */
  public static float[] readVector(DataInputStream in, long wanted) throws IOException {
    Header header = header(in);
    if (!header.type.equals("FLOAT")) {
      throw new StreamCorruptedException(
          "an array has type "
              + PrintableText.of(header.type)
              + ": convert the model with convertDataType(DataType.FLOAT)");
    }
    if (header.length != wanted) {
      throw new StreamCorruptedException(
          "an array has "
              + header.length
              + " values, but the configuration beside it needs "
              + wanted);
    }
    byte[] chunk = new byte[1 << 16];
    float[] values = new float[Math.toIntExact(wanted)];
    for (int done = 0; done < values.length; ) {
      int count = Math.min(chunk.length / Float.BYTES, values.length - done);
      in.readFully(chunk, 0, count * Float.BYTES);
      ByteBuffer.wrap(chunk).asFloatBuffer().get(values, done, count);
      done += count;
    }
    return values;
  }

  private static Header header(DataInputStream in) throws IOException {
    readMode(in);
    long n = in.readLong();
    String type = in.readUTF();
    if (!type.equals("LONG") && !type.equals("INT")) {
      throw new StreamCorruptedException(
          "an array's shape information has type " + PrintableText.of(type));
    }
    if (n < MORE || n > 2 * MOST_DIMENSIONS + MORE || n % 2 != 0) {
      throw new StreamCorruptedException("an array has shape information of length " + n);
    }
    long[] information = new long[(int) n];
    for (int i = 0; i < information.length; i++) {
      information[i] = type.equals("INT") ? in.readInt() : in.readLong();
    }
    int rank = (int) (n - MORE) / 2;
    if (information[0] != rank) {
      throw new StreamCorruptedException(
          "an array of rank " + information[0] + " has shape information of " + n);
    }
    readMode(in);
    return new Header(
        Arrays.copyOfRange(information, 1, 1 + rank),
        Arrays.copyOfRange(information, 1 + rank, 1 + 2 * rank),
        in.readLong(),
        in.readUTF());
  }

  private static void readMode(DataInputStream in) throws IOException {
    String mode = in.readUTF();
    if (!MODES.contains(mode)) {
      throw new StreamCorruptedException("an array has allocation mode " + PrintableText.of(mode));
    }
  }

  /** The elements must be as many as the values, and all of them among these. */
  private static void requireInside(long[] shape, long[] strides, long length) throws IOException {
    long elements = 1;
    long last = 0;
    try {
      for (int i = 0; i < shape.length; i++) {
        if (shape[i] < 1 || strides[i] < 0) {
          throw new ArithmeticException();
        }
        elements = Math.multiplyExact(elements, shape[i]);
        last = Math.addExact(last, Math.multiplyExact(shape[i] - 1, strides[i]));
      }
    } catch (ArithmeticException e) {
      elements = -1;
    }
    if (elements != length || last >= length || length > Integer.MAX_VALUE) {
      throw new StreamCorruptedException(
          "an array of shape "
              + Arrays.toString(shape)
              + " and strides "
              + Arrays.toString(strides)
              + " has "
              + length
              + " values");
    }
  }

  private static float[] rowMajor(float[] stored, long[] shape, long[] strides) {
    float[] values = new float[stored.length];
    long[] index = new long[shape.length];
    for (int i = 0; i < values.length; i++) {
      long at = 0;
      for (int d = 0; d < shape.length; d++) {
        at += index[d] * strides[d];
      }
      values[i] = stored[(int) at];
      for (int d = shape.length - 1; d >= 0 && ++index[d] == shape[d]; d--) {
        index[d] = 0;
      }
    }
    return values;
  }

  /** The types that become float32 without a question. */
  private enum ElementType {
    FLOAT(Float.BYTES),
    DOUBLE(Double.BYTES),
    LONG(Long.BYTES),
    INT(Integer.BYTES),
    SHORT(Short.BYTES),
    BYTE(Byte.BYTES),
    UBYTE(Byte.BYTES),
    BOOL(Byte.BYTES);

    final int bytes;

    ElementType(int bytes) {
      this.bytes = bytes;
    }

    static ElementType named(String name) throws IOException {
      for (ElementType type : values()) {
        if (type.name().equals(name)) {
          return type;
        }
      }
      throw new StreamCorruptedException(
          "an array has type "
              + PrintableText.of(name)
              + ", not one of "
              + Arrays.toString(values()));
    }

    float read(DataInputStream in) throws IOException {
      return switch (this) {
        case FLOAT -> in.readFloat();
        case DOUBLE -> (float) in.readDouble();
        case LONG -> in.readLong();
        case INT -> in.readInt();
        case SHORT -> in.readShort();
        case BYTE -> in.readByte();
        case UBYTE, BOOL -> in.readUnsignedByte();
      };
    }
  }
}
