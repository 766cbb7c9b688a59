package dev.lockstep.trainer.model.file;

import dev.lockstep.trainer.model.PrintableText;
import dev.lockstep.trainer.model.UnsupportedModelException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/**
 * Looks over a zip of unknown origin before anything of it is used: few entries of known names,
 * each once, and the same for a reader that takes the directory at the end and for one that goes
 * from entry to entry, as DL4J's own does:
 *
 * <pre>
 *   | header, data | header, data | ... | directory | [zip64 record, locator] | end record |
 *   0                                   directory's offset                     size - 22
 * </pre>
 *
 * Every entry is unpacked once, without keeping it, and must have the length and the checksum that
 * the directory states: declared sizes may be trusted afterwards. Lives on the driver.
 */
final class ModelZipScan {
  public static final String PREPROCESSOR = "preprocessor.bin";

  /** JSON packs well, but not like this. */
  private static final long MAX_TEXT_RATIO = 500;

  private static final int MAX_ENTRIES = 16;
  private static final int MAX_DIRECTORY_BYTES = 1 << 16;

  private static final int END_BYTES = 22;
  private static final int END_SIGNATURE = 0x06054b50;
  private static final int END_ENTRIES = 10;
  private static final int END_DIRECTORY_BYTES = 12;
  private static final int END_DIRECTORY_OFFSET = 16;
  private static final int END_COMMENT_BYTES = 20;
  private static final int LOCATOR_BYTES = 20;
  private static final int LOCATOR_SIGNATURE = 0x07064b50;
  private static final int LOCATOR_RECORD_OFFSET = 8;
  private static final int RECORD_BYTES = 56;
  private static final int RECORD_SIGNATURE = 0x06064b50;
  private static final int RECORD_ENTRIES = 32;
  private static final int RECORD_DIRECTORY_BYTES = 40;
  private static final int RECORD_DIRECTORY_OFFSET = 48;
  private static final long IN_RECORD = 0xffffffffL;

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

  /**
   * Scans the file.
   *
   * @return unpacked bytes of each entry
   * @throws UnsupportedModelException naming what is not a model's
   * @throws IOException if the file cannot be read
   */
  Map<String, Long> run() throws IOException {
    Directory directory = directory();
    if (directory.entries() > MAX_ENTRIES || directory.bytes() > MAX_DIRECTORY_BYTES) {
      throw refused(
          " has a directory of "
              + directory.entries()
              + " entries in "
              + directory.bytes()
              + " bytes: a DL4J model has only "
              + known);
    }
    try (ZipFile zip = new ZipFile(file.toFile())) {
      List<? extends ZipEntry> listed = zip.stream().toList();
      requireKnown(listed);
      requireSame(listed, unpacked(directory, listed));
      return listed.stream().collect(Collectors.toMap(ZipEntry::getName, ZipEntry::getSize));
    } catch (ZipException | EOFException e) {
      throw refused(" is not a readable zip: " + e.getMessage() + ": copy the model again");
    } catch (IllegalArgumentException e) {
      if (e instanceof UnsupportedModelException) {
        throw e;
      }
      throw refused(" is not a readable zip: " + e.getMessage() + ": copy the model again");
    }
  }

  /**
   * An entry of the scanned file, found as the scan has found it. The directory, which may point
   * elsewhere, is not asked.
   *
   * @param name of an entry that is there
   */
  InputStream open(String name) throws IOException {
    Entries entries = new Entries(file, directory().offset());
    for (ZipEntry at = entries.getNextEntry(); at != null; at = entries.getNextEntry()) {
      if (at.getName().equals(name)) {
        return entries;
      }
    }
    entries.close();
    throw refused("!" + name + " is gone: the file was changed while it was read");
  }

  /** What the record at the end says of the directory. */
  private record Directory(long offset, long bytes, long entries) {}

  private Directory directory() throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "r")) {
      long end = bytes.length() - END_BYTES;
      ByteBuffer record = read(bytes, end, END_BYTES);
      if (record == null
          || record.getInt(0) != END_SIGNATURE
          || record.getShort(END_COMMENT_BYTES) != 0) {
        throw refused(
            " is not a readable zip: it does not end with a zip's directory; copy the model again");
      }
      Directory directory =
          new Directory(
              Integer.toUnsignedLong(record.getInt(END_DIRECTORY_OFFSET)),
              Integer.toUnsignedLong(record.getInt(END_DIRECTORY_BYTES)),
              Short.toUnsignedInt(record.getShort(END_ENTRIES)));
      ByteBuffer locator = read(bytes, end - LOCATOR_BYTES, LOCATOR_BYTES);
      if (locator != null && locator.getInt(0) == LOCATOR_SIGNATURE) {
        end = locator.getLong(LOCATOR_RECORD_OFFSET);
        ByteBuffer large = read(bytes, end, RECORD_BYTES);
        if (large == null || large.getInt(0) != RECORD_SIGNATURE) {
          throw refused(" is not a readable zip: its directory is not where it should be");
        }
        directory =
            new Directory(
                large.getLong(RECORD_DIRECTORY_OFFSET),
                large.getLong(RECORD_DIRECTORY_BYTES),
                large.getLong(RECORD_ENTRIES));
      }
      boolean isInFile = directory.offset() >= 0 && directory.bytes() >= 0;
      if (!isInFile
          || directory.offset() == IN_RECORD
          || directory.offset() + directory.bytes() != end) {
        throw refused(
            " has bytes between its directory and its end: save the model again with"
                + " ModelSerializer");
      }
      return directory;
    }
  }

  /** Null where the file has no such bytes. */
  private static ByteBuffer read(RandomAccessFile bytes, long from, int count) throws IOException {
    if (from < 0 || from > bytes.length() - count) {
      return null;
    }
    byte[] read = new byte[count];
    bytes.seek(from);
    bytes.readFully(read);
    return ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void requireKnown(List<? extends ZipEntry> entries) {
    List<String> problems = new ArrayList<>();
    Set<String> found = new HashSet<>();
    for (ZipEntry entry : entries) {
      String name = entry.getName();
      if (name.equals(PREPROCESSOR)) {
        problems.add(
            source
                + " holds "
                + PREPROCESSOR
                + ", a serialized Java object that runs code when it is opened: save the model"
                + " without it");
      } else if (!known.contains(name)) {
        problems.add(
            source
                + " holds the unexpected entry "
                + PrintableText.of(name)
                + ": a DL4J model has only "
                + known);
      } else if (!found.add(name)) {
        problems.add(
            source + " holds " + name + " twice: save the model again with ModelSerializer");
      } else if (!name.equals(ModelZip.COEFFICIENTS)
          && !name.equals(ModelZip.UPDATER)
          && entry.getSize() > MAX_TEXT_RATIO * Math.max(1, entry.getCompressedSize())) {
        // Arrays may be all zeros, and have a length that is known.
        problems.add(
            source
                + "!"
                + name
                + " unpacks to "
                + entry.getSize()
                + " bytes from "
                + entry.getCompressedSize()
                + ", more than "
                + MAX_TEXT_RATIO
                + " times: save the model again with ModelSerializer");
      }
    }
    if (!problems.isEmpty()) {
      throw new UnsupportedModelException(problems);
    }
  }

  /** An entry as found by going from one to the next. */
  private record Found(String name, long bytes, long crc) {}

  private List<Found> unpacked(Directory directory, List<? extends ZipEntry> listed)
      throws IOException {
    List<Found> found = new ArrayList<>();
    byte[] piece = new byte[1 << 16];
    try (Entries entries = new Entries(file, directory.offset())) {
      for (ZipEntry at = entries.getNextEntry(); at != null; at = entries.getNextEntry()) {
        if (found.size() == listed.size()) {
          throw refused(
              " holds "
                  + PrintableText.of(at.getName())
                  + " outside its directory: save the model again with ModelSerializer");
        }
        long declared = listed.get(found.size()).getSize();
        long bytes = 0;
        for (int n = entries.read(piece); n > 0; n = entries.read(piece)) {
          bytes += n;
          if (bytes > declared) {
            throw refused(
                "!"
                    + PrintableText.of(at.getName())
                    + " unpacks to more than the "
                    + declared
                    + " bytes that the zip's directory states: save the model again with"
                    + " ModelSerializer");
          }
        }
        entries.closeEntry();
        found.add(new Found(at.getName(), bytes, at.getCrc()));
      }
      if (entries.hasMore()) {
        throw refused(" has bytes outside its entries: save the model again with ModelSerializer");
      }
    }
    return found;
  }

  private void requireSame(List<? extends ZipEntry> listed, List<Found> found) {
    List<Found> stated =
        listed.stream().map(e -> new Found(e.getName(), e.getSize(), e.getCrc())).toList();
    if (!stated.equals(found)) {
      throw refused(
          " holds other entries "
              + PrintableText.of(found.toString())
              + " than its directory states "
              + PrintableText.of(stated.toString())
              + ": save the model again with ModelSerializer");
    }
  }

  /** The entries before the directory, one after another. */
  private static final class Entries extends ZipInputStream {
    Entries(Path file, long length) throws IOException {
      super(new Limited(new BufferedInputStream(Files.newInputStream(file), 1 << 16), length));
    }

    /** After the last entry: whether anything is left. */
    boolean hasMore() throws IOException {
      return in.read() >= 0;
    }
  }

  /** The first bytes of a stream. */
  private static final class Limited extends InputStream {
    private final InputStream in;
    private long left;

    Limited(InputStream in, long length) {
      this.in = in;
      this.left = length;
    }

    @Override
    public int read() throws IOException {
      if (left <= 0) {
        return -1;
      }
      left--;
      return in.read();
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (left <= 0) {
        return -1;
      }
      int count = in.read(target, offset, (int) Math.min(length, left));
      left -= Math.max(0, count);
      return count;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  private UnsupportedModelException refused(String problem) {
    return new UnsupportedModelException(List.of(source + problem));
  }
}
