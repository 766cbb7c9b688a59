package dev.lockstep.sharding.ingest.tfrecord;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** TFRecord files for tests. */
public final class TfRecordSamples {

  private TfRecordSamples() {}

  /** A record around bytes. */
  public static byte[] record(byte[] bytes) {
    ByteBuffer framed = ByteBuffer.allocate(bytes.length + 16).order(ByteOrder.LITTLE_ENDIAN);
    framed.putLong(bytes.length);
    framed.putInt(checksum(framed.array(), 0, 8));
    framed.put(bytes);
    framed.putInt(checksum(bytes, 0, bytes.length));
    return framed.array();
  }

  private static int checksum(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    int value = (int) crc.getValue();
    return (value >>> 15 | value << 17) + 0xa282ead8;
  }

  /** An example of features, as {@link #floats} and its like make them. */
  public static byte[] example(byte[]... features) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] feature : features) {
      all.write(field(1, feature));
    }
    return field(1, all.toByteArray());
  }

  public static byte[] floats(String name, float... values) throws IOException {
    ByteBuffer packed = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    packed.asFloatBuffer().put(values);
    return entry(name, field(2, field(1, packed.array())));
  }

  public static byte[] integers(String name, long... values) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(packed);
    for (long value : values) {
      out.writeInt64NoTag(value);
    }
    out.flush();
    return entry(name, field(3, field(1, packed.toByteArray())));
  }

  public static byte[] bytes(String name, byte[]... values) throws IOException {
    ByteArrayOutputStream list = new ByteArrayOutputStream();
    for (byte[] value : values) {
      list.write(field(1, value));
    }
    return entry(name, field(1, list.toByteArray()));
  }

  private static byte[] entry(String name, byte[] feature) throws IOException {
    ByteArrayOutputStream entry = new ByteArrayOutputStream();
    entry.write(field(1, ByteString.copyFromUtf8(name).toByteArray()));
    entry.write(field(2, feature));
    return entry.toByteArray();
  }

  private static byte[] field(int number, byte[] value) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeBytes(number, ByteString.copyFrom(value));
    out.flush();
    return bytes.toByteArray();
  }
}
