package dev.lockstep.sharding.ingest.text;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * The lines of a text file that start in a range of bytes: after {@code start} (or at it, when it
 * is 0) up to and including {@code end}. Crosses from driver to executors.
 *
 * @param path Hadoop URI
 * @param start first byte
 * @param end first byte after; the whole file where it is compressed
 */
public record TextRange(String path, long start, long end) implements Serializable {

  /** End of a file that is read whole. */
  public static final long WHOLE = Long.MAX_VALUE;

  /** Bytes from start to end, an upper bound where the whole file is read. */
  public long length() {
    return end - start;
  }

  /**
   * Cuts files into ranges of a size and groups small ones, in order: a function of the files'
   * names and lengths alone.
   *
   * @param files in order
   * @param bytes wanted size of a group
   * @return groups in order
   */
  public static List<List<TextRange>> groups(List<TextFile> files, long bytes) {
    List<List<TextRange>> groups = new ArrayList<>();
    List<TextRange> group = new ArrayList<>();
    long filled = 0;
    for (TextFile file : files) {
      long start = 0;
      while (start < file.length()) {
        long end = file.splittable() ? Math.min(file.length(), start + bytes) : file.length();
        if (filled > 0 && filled + (end - start) > bytes) {
          groups.add(group);
          group = new ArrayList<>();
          filled = 0;
        }
        group.add(new TextRange(file.path(), start, file.splittable() ? end : WHOLE));
        filled += end - start;
        start = end;
      }
    }
    if (!group.isEmpty()) {
      groups.add(group);
    }
    return groups;
  }

  /**
   * A file to cut.
   *
   * @param length bytes as stored
   * @param splittable whether it may be read from the middle: not when compressed
   */
  public record TextFile(String path, long length, boolean splittable) {}
}
