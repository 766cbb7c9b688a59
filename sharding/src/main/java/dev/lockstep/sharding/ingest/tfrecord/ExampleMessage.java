package dev.lockstep.sharding.ingest.tfrecord;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * TensorFlow's message {@code tf.train.Example}: named lists of values.
 *
 * <pre>
 * Example   1 features: Features
 * Features  1 feature: map of string to Feature        (entries: 1 key, 2 value)
 * Feature   one of  1 bytes_list   2 float_list   3 int64_list
 * …List     1 value, repeated; numbers packed or not
 * </pre>
 *
 * Fields of other numbers are skipped. Read with protobuf's own stream of fields and not by
 * generated classes: those bind to the version of protobuf that Spark happens to bring, and these
 * four messages have never changed.
 */
final class ExampleMessage {

  private static final int VARINT = 0;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED32 = 5;
  private static final int WIRE_TYPE_BITS = 3;

  private static final int KEY = 1;
  private static final int VALUE = 2;
  private static final int BYTES_LIST = 1;
  private static final int FLOAT_LIST = 2;
  private static final int INT64_LIST = 3;

  private final Map<String, ByteString> features;

  private ExampleMessage(Map<String, ByteString> features) {
    this.features = features;
  }

  /**
   * Finds the features of a message; their values are read when asked for.
   *
   * @throws DamagedRecordException if it is no such message
   */
  public static ExampleMessage parse(byte[] record) throws DamagedRecordException {
    Map<String, ByteString> features = new TreeMap<>();
    try {
      for (ByteString all : messages(CodedInputStream.newInstance(record), 1)) {
        for (ByteString entry : messages(all.newCodedInput(), 1)) {
          List<ByteString> keys = messages(entry.newCodedInput(), KEY);
          List<ByteString> values = messages(entry.newCodedInput(), VALUE);
          features.put(
              keys.isEmpty() ? "" : last(keys).toStringUtf8(),
              values.isEmpty() ? ByteString.EMPTY : last(values));
        }
      }
      return new ExampleMessage(features);
    } catch (IOException e) {
      throw noExample(e);
    }
  }

  private static DamagedRecordException noExample(IOException e) {
    return new DamagedRecordException("it is no tf.train.Example (%s)".formatted(e.getMessage()));
  }

  private static ByteString last(List<ByteString> messages) {
    return messages.get(messages.size() - 1);
  }

  /** The fields of a number that hold bytes. */
  private static List<ByteString> messages(CodedInputStream in, int field) throws IOException {
    List<ByteString> found = new ArrayList<>();
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (tag == tag(field, LENGTH_DELIMITED)) {
        found.add(in.readBytes());
      } else {
        in.skipField(tag);
      }
    }
    return found;
  }

  private static int tag(int field, int wireType) {
    return field << WIRE_TYPE_BITS | wireType;
  }

  /** Names of the features. */
  public Set<String> names() {
    return features.keySet();
  }

  /**
   * The values of a feature.
   *
   * @return null if there is no such feature, or it holds no list
   */
  public FeatureValues values(String name) throws DamagedRecordException {
    ByteString feature = features.get(name);
    if (feature == null) {
      return null;
    }
    FeatureValues values = null;
    try {
      CodedInputStream in = feature.newCodedInput();
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag == tag(BYTES_LIST, LENGTH_DELIMITED)) {
          values = bytes(in.readBytes());
        } else if (tag == tag(FLOAT_LIST, LENGTH_DELIMITED)) {
          values = floats(in.readBytes());
        } else if (tag == tag(INT64_LIST, LENGTH_DELIMITED)) {
          values = integers(in.readBytes());
        } else {
          in.skipField(tag);
        }
      }
      return values;
    } catch (IOException e) {
      throw noExample(e);
    }
  }

  private static FeatureValues bytes(ByteString list) throws IOException {
    return new FeatureValues.Bytes(
        messages(list.newCodedInput(), 1).stream().map(ByteString::toByteArray).toList());
  }

  private static FeatureValues floats(ByteString list) throws IOException {
    float[] found = new float[list.size() / Float.BYTES];
    int count = 0;
    CodedInputStream in = list.newCodedInput();
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (tag == tag(1, LENGTH_DELIMITED)) {
        int before = in.pushLimit(in.readRawVarint32());
        while (in.getBytesUntilLimit() > 0) {
          found[count++] = in.readFloat();
        }
        in.popLimit(before);
      } else if (tag == tag(1, FIXED32)) {
        found[count++] = in.readFloat();
      } else {
        in.skipField(tag);
      }
    }
    return new FeatureValues.Floats(Arrays.copyOf(found, count));
  }

  private static FeatureValues integers(ByteString list) throws IOException {
    long[] found = new long[list.size()];
    int count = 0;
    CodedInputStream in = list.newCodedInput();
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (tag == tag(1, LENGTH_DELIMITED)) {
        int before = in.pushLimit(in.readRawVarint32());
        while (in.getBytesUntilLimit() > 0) {
          found[count++] = in.readInt64();
        }
        in.popLimit(before);
      } else if (tag == tag(1, VARINT)) {
        found[count++] = in.readInt64();
      } else {
        in.skipField(tag);
      }
    }
    return new FeatureValues.Integers(Arrays.copyOf(found, count));
  }
}
