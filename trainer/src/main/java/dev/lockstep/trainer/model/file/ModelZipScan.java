package dev.lockstep.trainer.model.file;

import dev.lockstep.trainer.model.PrintableText;
import dev.lockstep.trainer.model.UnsupportedModelException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveInputStream;
import org.apache.commons.compress.archivers.zip.ZipFile;

/**
 * Checks a zip of unknown origin before its contents are used: few entries of known names, each
 * once. A reader that uses the directory at the end finds the same entries as one that goes from
 * entry to entry, as DL4J's own does:
 *
 * <pre>
 *   | header, data | header, data | ... | directory | end record |
 * </pre>
 *
 * Every entry is unpacked once, without keeping it, and must have the length and the checksum that
 * the directory states. Lives on the driver.
 */
final class ModelZipScan {
  static final String PREPROCESSOR = "preprocessor.bin";

  /** Of unpacked to packed bytes of a text; that of JSON is far lower. */
  private static final long MAX_TEXT_RATIO = 500;

  private static final int MAX_DIRECTORY_BYTES = 1 << 16;

  /** Of the end record, which has no comment in a model's zip. */
  private static final int END_BYTES = 22;

  private static final int END_SIGNATURE = 0x504b0506;

  /** Where the end record states the directory's bytes and offset, as little-endian int32. */
  private static final int DIRECTORY_AT = 12;

  /** In place of the offset: a zip64 record before the end record states it. */
  private static final int ZIP64 = -1;

  private final Path file;
  private final String source;
  private final List<String> known;

  /**
   * A scan; nothing is read yet.
   *
   * @param source where the file is from, for messages
   * @param known names that may be there
   */
  ModelZipScan(Path file, String source, List<String> known) {
    this.file = file;
    this.source = source;
    this.known = known;
  }

  /** What both readers must agree on. */
  private record Entry(String name, long bytes, long crc) {}

  /**
   * Scans the file.
   *
   * @return unpacked bytes of each entry
   * @throws UnsupportedModelException naming what is not a model's
   */
  Map<String, Long> run() {
    try {
      requireEndRecord();
      List<Entry> found = unpacked();
      requireSame(listed(), found);
      return found.stream().collect(Collectors.toMap(Entry::name, Entry::bytes));
    } catch (UnsupportedModelException e) {
      throw e;
    } catch (IOException | RuntimeException e) { // what the library makes of damaged records
      throw refused(" is not a readable zip: " + e.getMessage() + ": copy the model again");
    }
  }

  /**
   * An entry of the scanned file, found by going from entry to entry.
   *
   * @param name of an entry that is there
   */
  @SuppressWarnings("deprecation") // the method that all versions of the library have
  InputStream open(String name) throws IOException {
    ZipArchiveInputStream entries = entries();
    for (ZipArchiveEntry at = entries.getNextZipEntry();
        at != null;
        at = entries.getNextZipEntry()) {
      if (at.getName().equals(name)) {
        return entries;
      }
    }
    entries.close();
    throw refused("!" + name + " is gone: the file was changed while it was read");
  }

  private ZipArchiveInputStream entries() throws IOException {
    return new ZipArchiveInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16));
  }

  private void requireEndRecord() throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "r")) {
      long end = bytes.length() - END_BYTES;
      if (end >= 0) {
        bytes.seek(end);
        if (bytes.readInt() == END_SIGNATURE) {
          bytes.seek(end + DIRECTORY_AT);
          requireDirectoryBefore(end, bytes.readInt(), bytes.readInt());
          return;
        }
      }
      throw refused(
          " is not a readable zip: it does not end with a zip's directory; copy the model again");
    }
  }

  /** The library's older versions accept bytes between the directory and its end record. */
  private void requireDirectoryBefore(long end, int bytes, int offset) {
    long directoryEnd =
        Integer.toUnsignedLong(Integer.reverseBytes(bytes))
            + Integer.toUnsignedLong(Integer.reverseBytes(offset));
    if (offset != ZIP64 && directoryEnd != end) {
      throw refused(
          " is not a readable zip: its directory ends at byte %d, its end record is at byte %d; copy the model again"
              .formatted(directoryEnd, end));
    }
  }

  /** Goes from entry to entry; the limits hold before anything of their size is kept. */
  @SuppressWarnings("deprecation") // the method that all versions of the library have
  private List<Entry> unpacked() throws IOException {
    List<Entry> found = new ArrayList<>();
    Set<String> names = new HashSet<>();
    long end = 0;
    try (ZipArchiveInputStream entries = entries()) {
      for (ZipArchiveEntry at = entries.getNextZipEntry();
          at != null;
          at = entries.getNextZipEntry()) {
        if (at.getMethod() != ZipEntry.STORED && at.getMethod() != ZipEntry.DEFLATED) {
          throw refused(
              "!%s is packed by method %d: save the model again with ModelSerializer"
                  .formatted(PrintableText.of(at.getName()), at.getMethod()));
        }
        requireKnown(at.getName(), names);
        found.add(unpacked(at.getName(), entries));
        end = at.getDataOffset() + entries.getCompressedCount();
      }
    }
    if (Files.size(file) - end > MAX_DIRECTORY_BYTES) {
      throw refused(
          " has a directory of %d bytes, more than %d: a DL4J model has only %s"
              .formatted(Files.size(file) - end, MAX_DIRECTORY_BYTES, known));
    }
    return found;
  }

  private void requireKnown(String name, Set<String> names) {
    if (name.equals(PREPROCESSOR)) {
      throw refused(
          " holds %s, a serialized Java object that runs code when it is opened: save the model"
                  .formatted(PREPROCESSOR)
              + " without it");
    }
    if (!known.contains(name)) {
      throw refused(
          " holds the unexpected entry %s: a DL4J model has only %s"
              .formatted(PrintableText.of(name), known));
    }
    if (!names.add(name)) {
      throw refused(" holds " + name + " twice: save the model again with ModelSerializer");
    }
  }

  private Entry unpacked(String name, ZipArchiveInputStream entries) throws IOException {
    // Arrays may be all zeros, and have a length that is known.
    boolean isText = !name.equals(ModelZip.COEFFICIENTS) && !name.equals(ModelZip.UPDATER);
    CRC32 crc = new CRC32();
    byte[] piece = new byte[1 << 16];
    long bytes = 0;
    for (int n = entries.read(piece); n > 0; n = entries.read(piece)) {
      bytes += n;
      crc.update(piece, 0, n);
      if (isText && bytes > MAX_TEXT_RATIO * Math.max(1, entries.getCompressedCount())) {
        throw refused(
            "!%s unpacks to more than %d times its packed bytes: save the model again"
                .formatted(PrintableText.of(name), MAX_TEXT_RATIO));
      }
    }
    return new Entry(name, bytes, crc.getValue());
  }

  /** The directory's entries. */
  @SuppressWarnings("deprecation") // the constructor that all versions of the library have
  private List<Entry> listed() throws IOException {
    try (ZipFile zip = new ZipFile(file.toFile())) {
      return Collections.list(zip.getEntries()).stream()
          .map(at -> new Entry(at.getName(), at.getSize(), at.getCrc()))
          .toList();
    }
  }

  private void requireSame(List<Entry> listed, List<Entry> found) {
    if (!listed.equals(found)) {
      throw refused(
          " holds other entries %s than its directory states %s: save the model again"
              .formatted(PrintableText.of(found.toString()), PrintableText.of(listed.toString())));
    }
  }

  private UnsupportedModelException refused(String problem) {
    return new UnsupportedModelException(List.of(source + problem));
  }
}
