package dev.lockstep.ps.transport.message;

import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.reduce.FloatBlock;
import dev.lockstep.ps.reduce.WireFormat;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.function.Function;

/**
 * The floats of a frame as bytes, in the shortest of three layouts. Says itself how it is to be
 * read.
 *
 * <pre>
 *  0        1        2          4        8         12
 *  | layout | format | reserved | floats | entries | data
 *
 *  DENSE    data:  | all floats, in the format |
 *  BITMAP   data:  | one bit for each float, in words of 64 | the entries, in the format |
 *  INDEX    data:  | index of each entry, 16 bits, ascending | the entries, in the format |
 * </pre>
 *
 * The entries are the floats that are not +0. A dense frame has as many entries as floats. A format
 * of 16 bits is used for values that are rounded to it, so nothing is lost in any layout.
 */
public final class FrameCodec {

  private static final int LAYOUT_OFFSET = 0;
  private static final int FORMAT_OFFSET = 1;
  private static final int RESERVED_OFFSET = 2;
  private static final int FLOATS_OFFSET = 4;
  private static final int ENTRIES_OFFSET = 8;
  private static final int DATA_OFFSET = 12;

  /** Bytes of a frame without floats. */
  static final int HEADER = DATA_OFFSET;

  private static final Layout[] LAYOUTS = Layout.values();
  private static final WireFormat[] FORMATS = WireFormat.values();

  private final WireFormat format;
  private final FloatBuffer values;
  private final int entries;
  private final Layout layout;

  /** Where the entries are said to be. */
  enum Layout {
    /** All floats are sent. */
    DENSE(0) {
      @Override
      int placesLength(int floats, int entries) {
        return 0;
      }
    },
    /** A bit tells of each float whether it is sent. */
    BITMAP(1) {
      @Override
      int placesLength(int floats, int entries) {
        return (floats + Long.SIZE - 1) / Long.SIZE * Long.BYTES;
      }
    },
    /** Each float that is sent comes with its index. */
    INDEX(2) {
      @Override
      int placesLength(int floats, int entries) {
        return entries * Short.BYTES;
      }
    };

    private final byte code;

    Layout(int code) {
      this.code = (byte) code;
    }

    /** How a frame names it. */
    byte code() {
      return code;
    }

    /** Bytes before the values. */
    abstract int placesLength(int floats, int entries);

    public int dataLength(WireFormat format, int floats, int entries) {
      return placesLength(floats, entries) + format.encodedLength(entries);
    }
  }

  private FrameCodec(WireFormat format, FloatBuffer values, int entries, Layout layout) {
    this.format = format;
    this.values = values;
    this.entries = entries;
    this.layout = layout;
  }

  /**
   * A frame that is about to be written.
   *
   * @param floats from position to limit, at most {@link FrameLayout#FRAME}, values of the format;
   *     not kept beyond {@link #encode}
   */
  public static FrameCodec of(FloatBuffer floats, WireFormat format) {
    int count = floats.remaining();
    int entries = entries(floats);
    Layout shortest = Layout.DENSE;
    int least = Layout.DENSE.dataLength(format, count, count);
    for (Layout sparse : new Layout[] {Layout.BITMAP, Layout.INDEX}) {
      int length = sparse.dataLength(format, count, entries);
      if (length < least) {
        shortest = sparse;
        least = length;
      }
    }
    return new FrameCodec(format, floats, shortest == Layout.DENSE ? count : entries, shortest);
  }

  /** The layout that was chosen. */
  Layout layout() {
    return layout;
  }

  /** Bytes of the frame without its header. */
  public int dataLength() {
    return layout.dataLength(format, values.remaining(), entries);
  }

  int encodedLength() {
    return DATA_OFFSET + dataLength();
  }

  /** Writes the frame, all of its bytes, from an offset on. */
  void encode(ByteBuffer bytes, int at) {
    bytes.put(at + LAYOUT_OFFSET, layout.code());
    bytes.put(at + FORMAT_OFFSET, format.code());
    bytes.putShort(at + RESERVED_OFFSET, (short) 0);
    bytes.putInt(at + FLOATS_OFFSET, values.remaining());
    bytes.putInt(at + ENTRIES_OFFSET, entries);
    int places = at + DATA_OFFSET;
    int data = places + layout.placesLength(values.remaining(), entries);
    FloatBuffer sent =
        switch (layout) {
          case DENSE -> values;
          case BITMAP -> {
            for (int word = places; word < data; word += Long.BYTES) {
              bytes.putLong(word, 0);
            }
            yield gather((entry, index) -> setBit(bytes, places, index));
          }
          case INDEX ->
              gather((entry, index) -> bytes.putShort(places + entry * Short.BYTES, (short) index));
        };
    format.encode(sent, bytes, data);
  }

  /**
   * Reads a frame that goes from an offset to the end of the message.
   *
   * @return its floats; a view of the message where they need no conversion
   * @throws MessageException if it is not such a frame
   */
  static FloatBuffer decode(ByteBuffer bytes, int at) {
    Layout layout = one("layout", LAYOUTS, Layout::code, bytes.get(at + LAYOUT_OFFSET));
    WireFormat format = one("format", FORMATS, WireFormat::code, bytes.get(at + FORMAT_OFFSET));
    int floats =
        Wire.checkCount("frame: floats", bytes.getInt(at + FLOATS_OFFSET), FrameLayout.FRAME);
    int entries = Wire.checkCount("frame: entries", bytes.getInt(at + ENTRIES_OFFSET), floats);
    if (layout == Layout.DENSE && entries != floats) {
      throw new MessageException(
          "frame: entries=" + entries + " != floats=" + floats + " of a dense frame");
    }
    int length = DATA_OFFSET + layout.dataLength(format, floats, entries);
    if (bytes.limit() - at != length) {
      throw new MessageException(
          "frame: length=" + (bytes.limit() - at) + " != " + length + ", what its fields say");
    }
    int places = at + DATA_OFFSET;
    int data = places + layout.placesLength(floats, entries);
    if (layout == Layout.DENSE && format == WireFormat.FLOAT32) {
      return Wire.floats(bytes, data, floats);
    }
    FloatBuffer sent = FloatBuffer.allocate(entries);
    format.decode(bytes, data, sent);
    return switch (layout) {
      case DENSE -> sent;
      case BITMAP -> fromBitmap(bytes, places, floats, sent);
      case INDEX -> fromIndices(bytes, places, floats, sent);
    };
  }

  /** Told of every entry, in order. */
  @FunctionalInterface
  private interface Place {
    void put(int entry, int index);
  }

  private FloatBuffer gather(Place place) {
    float[] sent = new float[entries];
    int entry = 0;
    FloatBlock block = new FloatBlock(values.remaining());
    for (int from = 0; from < values.remaining(); from += FloatBlock.MOST) {
      int count = Math.min(FloatBlock.MOST, values.remaining() - from);
      block.load(values, values.position() + from, count);
      int[] bits = block.bits();
      for (int i = 0; i < count; i++) {
        if (bits[i] != 0) {
          sent[entry] = Float.intBitsToFloat(bits[i]);
          place.put(entry, from + i);
          entry++;
        }
      }
    }
    return FloatBuffer.wrap(sent);
  }

  private static int entries(FloatBuffer floats) {
    FloatBlock block = new FloatBlock(floats.remaining());
    int entries = 0;
    for (int from = 0; from < floats.remaining(); from += FloatBlock.MOST) {
      int count = Math.min(FloatBlock.MOST, floats.remaining() - from);
      block.load(floats, floats.position() + from, count);
      entries += notZero(block.bits(), count);
    }
    return entries;
  }

  private static int notZero(int[] bits, int count) {
    int found = 0;
    for (int i = 0; i < count; i++) {
      // The sign of x | -x: set for every x but 0. No branch, so that the loop is vectorized.
      found += (bits[i] | -bits[i]) >>> 31;
    }
    return found;
  }

  private static void setBit(ByteBuffer bytes, int bitmap, int index) {
    int word = bitmap + index / Long.SIZE * Long.BYTES;
    bytes.putLong(word, bytes.getLong(word) | 1L << index);
  }

  private static FloatBuffer fromBitmap(
      ByteBuffer bytes, int bitmap, int floats, FloatBuffer sent) {
    int marked = 0;
    for (int first = 0; first < floats; first += Long.SIZE) {
      long word = bytes.getLong(bitmap + first / Long.SIZE * Long.BYTES);
      if (floats - first < Long.SIZE && word >>> (floats - first) != 0) {
        throw new MessageException("frame: its bitmap marks floats beyond floats=" + floats);
      }
      marked += Long.bitCount(word);
    }
    if (marked != sent.capacity()) {
      throw new MessageException(
          "frame: entries=" + sent.capacity() + " != " + marked + ", what its bitmap marks");
    }
    float[] all = new float[floats];
    int entry = 0;
    for (int first = 0; first < floats; first += Long.SIZE) {
      long word = bytes.getLong(bitmap + first / Long.SIZE * Long.BYTES);
      for (; word != 0; word &= word - 1) {
        all[first + Long.numberOfTrailingZeros(word)] = sent.get(entry++);
      }
    }
    return FloatBuffer.wrap(all);
  }

  private static FloatBuffer fromIndices(
      ByteBuffer bytes, int indices, int floats, FloatBuffer sent) {
    float[] all = new float[floats];
    int last = -1;
    for (int entry = 0; entry < sent.capacity(); entry++) {
      int index = Short.toUnsignedInt(bytes.getShort(indices + entry * Short.BYTES));
      if (index <= last || index >= floats) {
        throw new MessageException(
            "frame: index=%d of entry %d is not in (%d, floats=%d): indices ascend"
                .formatted(index, entry, last, floats));
      }
      all[index] = sent.get(entry);
      last = index;
    }
    return FloatBuffer.wrap(all);
  }

  private static <T> T one(String what, T[] known, Function<T, Byte> codeOf, byte code) {
    for (T one : known) {
      if (codeOf.apply(one) == code) {
        return one;
      }
    }
    throw new MessageException(
        "frame: " + what + "=" + code + " is not in [0, " + known.length + ")");
  }
}
