package dev.lockstep.trainer.model.file;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * A zip taken apart into its entries and the records of its directory, to be put together wrongly.
 *
 * @param entries all bytes before the directory
 * @param records of the directory, one an entry
 */
@SuppressWarnings("ArrayRecordComponent") // bytes to play with
record ZipBytes(byte[] entries, List<byte[]> records) {
  private static final int END_BYTES = 22;
  private static final int DIRECTORY_OFFSET = 16;
  private static final int RECORD_BYTES = 46;
  private static final int RECORD_SIZE = 24;
  private static final int RECORD_NAME_BYTES = 28;
  private static final int RECORD_EXTRA_BYTES = 30;

  static ZipBytes of(Map<String, byte[]> contents) {
    byte[] zip = zip(contents);
    ByteBuffer bytes = ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN);
    int offset = bytes.getInt(zip.length - END_BYTES + DIRECTORY_OFFSET);
    List<byte[]> records = new ArrayList<>();
    for (int at = offset; at < zip.length - END_BYTES; ) {
      int length =
          RECORD_BYTES
              + bytes.getShort(at + RECORD_NAME_BYTES)
              + bytes.getShort(at + RECORD_EXTRA_BYTES);
      records.add(java.util.Arrays.copyOfRange(zip, at, at + length));
      at += length;
    }
    return new ZipBytes(java.util.Arrays.copyOf(zip, offset), records);
  }

  static byte[] zip(Map<String, byte[]> contents) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> content : contents.entrySet()) {
        out.putNextEntry(new ZipEntry(content.getKey()));
        out.write(content.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** Names and contents in their order. */
  static Map<String, byte[]> contents(byte[] zip) throws IOException {
    Map<String, byte[]> contents = new LinkedHashMap<>();
    try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip))) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        contents.put(entry.getName(), in.readAllBytes());
      }
    }
    return contents;
  }

  /** The zip that these parts make. */
  byte[] joined(byte[]... betweenEntriesAndDirectory) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(entries);
    for (byte[] bytes : betweenEntriesAndDirectory) {
      out.writeBytes(bytes);
    }
    int offset = out.size();
    records.forEach(out::writeBytes);
    ByteBuffer end = ByteBuffer.allocate(END_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    end.putInt(0x06054b50).putInt(0);
    end.putShort((short) records.size()).putShort((short) records.size());
    end.putInt(out.size() - offset).putInt(offset).putShort((short) 0);
    out.writeBytes(end.array());
    return out.toByteArray();
  }

  /** With other records in its directory. */
  ZipBytes listing(List<byte[]> changed) {
    return new ZipBytes(entries, changed);
  }

  /** A record with its entry's unpacked size changed. */
  static byte[] sized(byte[] record, int size) {
    byte[] changed = record.clone();
    ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(RECORD_SIZE, size);
    return changed;
  }

  /** A record with its entry's name changed to one of the same length. */
  static byte[] named(byte[] record, String name) {
    byte[] changed = record.clone();
    byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    if (bytes.length
        != ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).getShort(RECORD_NAME_BYTES)) {
      throw new IllegalArgumentException(name + " has another length");
    }
    System.arraycopy(bytes, 0, changed, RECORD_BYTES, bytes.length);
    return changed;
  }
}
