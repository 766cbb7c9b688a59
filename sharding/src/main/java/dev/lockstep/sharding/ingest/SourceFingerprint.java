package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.AddressSecrets;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.codec.digest.DigestUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * By what it is recognized that files need not be sharded again: their paths, lengths and times of
 * change, and how they are to be read. Driver side.
 */
public final class SourceFingerprint {

  /** Raised whenever the same files, read in the same way, give other data shards. */
  private static final int VERSION = 1;

  private SourceFingerprint() {}

  /**
   * SHA-256 (hex) of a source.
   *
   * @param input a file, a folder or a glob; any Hadoop URI
   * @param options everything that determines what is made of the files, as text
   * @throws FileNotFoundException if there is nothing
   */
  public static String of(String input, String options, Configuration conf) throws IOException {
    AddressSecrets.requireNone("data", input);
    Path path = new Path(input);
    FileSystem files = path.getFileSystem(conf);
    FileStatus[] found = files.globStatus(path);
    if (found == null || found.length == 0) {
      throw new FileNotFoundException("no data at %s: it does not exist".formatted(input));
    }
    TreeSet<String> lines = new TreeSet<>();
    for (FileStatus each : found) {
      addBelow(each, files, lines);
    }
    MessageDigest digest = DigestUtils.getSha256Digest();
    digest.update((VERSION + "\n" + options).getBytes(StandardCharsets.UTF_8));
    for (String line : lines) {
      digest.update(("\n" + line).getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Not {@code listFiles}: on local disks it starts a process for every file. */
  private static void addBelow(FileStatus status, FileSystem files, Set<String> lines)
      throws IOException {
    if (status.isDirectory()) {
      for (FileStatus each : files.listStatus(status.getPath())) {
        String name = each.getPath().getName();
        if (!name.startsWith(".") && !name.startsWith("_")) {
          addBelow(each, files, lines);
        }
      }
    } else {
      lines.add(
          "%s\t%d\t%d".formatted(status.getPath(), status.getLen(), status.getModificationTime()));
    }
  }
}
