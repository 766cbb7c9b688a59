package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.ingest.text.TextRange.TextFile;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodecFactory;

/** The files that an input stands for. Driver side. */
public final class InputFiles {

  private InputFiles() {}

  /**
   * Lists them in the order of their names, empty ones left out.
   *
   * @param input a file, a folder (all its files but those whose names begin with {@code .} or
   *     {@code _}), or a glob; any Hadoop URI
   * @return at least one; whether it may be cut is judged by its extension, as compressed or not
   * @throws InvalidDataException if all are empty
   */
  public static List<TextFile> list(String input, Configuration conf) throws IOException {
    AddressSecrets.requireNone("data", input);
    Path path = new Path(input);
    FileSystem files = path.getFileSystem(conf);
    FileStatus[] matches = files.globStatus(path);
    if (matches == null || matches.length == 0) {
      throw new FileNotFoundException("no data at %s: it does not exist".formatted(input));
    }
    CompressionCodecFactory codecs = new CompressionCodecFactory(conf);
    List<TextFile> found = new ArrayList<>();
    for (FileStatus match : matches) {
      FileStatus[] each =
          match.isDirectory() ? files.listStatus(match.getPath()) : new FileStatus[] {match};
      for (FileStatus file : each) {
        String name = file.getPath().getName();
        boolean hidden = match.isDirectory() && (name.startsWith(".") || name.startsWith("_"));
        if (file.isFile() && file.getLen() > 0 && !hidden) {
          found.add(
              new TextFile(
                  file.getPath().toString(),
                  file.getLen(),
                  codecs.getCodec(file.getPath()) == null));
        }
      }
    }
    if (found.isEmpty()) {
      throw new InvalidDataException("%s is empty: it holds no row".formatted(input));
    }
    // Never the order of a listing: file systems differ.
    found.sort(Comparator.comparing(TextFile::path));
    return found;
  }
}
