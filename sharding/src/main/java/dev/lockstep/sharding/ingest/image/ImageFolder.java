package dev.lockstep.sharding.ingest.image;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.prepare.ClassLabels;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A folder with one folder for each class. Files and folders whose names begin with {@code .} or
 * {@code _} are not looked at. Listed by the driver; crosses to executors.
 *
 * @param root Hadoop URI, with a {@code /} at its end
 * @param classes the names of its folders, or those given
 */
record ImageFolder(String root, ClassLabels classes) implements Serializable {

  /** A larger file is taken for something else than an image. */
  private static final int MAX_FILE_BYTES = 1 << 28;

  /**
   * Looks at the folders directly below the root.
   *
   * @param given classes, or nothing for those that there are
   */
  static ImageFolder open(String input, List<String> given, Configuration conf) throws IOException {
    AddressSecrets.requireNone("data", input);
    Path path = new Path(input);
    FileSystem files = path.getFileSystem(conf);
    Path root = files.makeQualified(path);
    if (!files.exists(root)) {
      throw new FileNotFoundException("no data at %s: it does not exist".formatted(root));
    }
    if (!files.getFileStatus(root).isDirectory()) {
      throw new InvalidDataException(
          "%s is no folder: give the one that holds a folder for each class".formatted(root));
    }
    TreeSet<String> folders = new TreeSet<>();
    FileStatus[] below = files.listStatus(root);
    Arrays.sort(below, Comparator.comparing(FileStatus::getPath));
    for (FileStatus each : below) {
      String name = each.getPath().getName();
      if (isHidden(name)) {
        continue;
      }
      if (!each.isDirectory()) {
        throw new InvalidDataException(
            "%s is in no class: put images into one folder for each class, as in %s"
                .formatted(each.getPath(), new Path(root, "CLASS/" + name)));
      }
      folders.add(name);
    }
    if (folders.isEmpty()) {
      throw new InvalidDataException(
          "%s holds no folder: put images into one folder for each class, as in %s"
              .formatted(root, new Path(root, "CLASS/1.png")));
    }
    ClassLabels classes = given.isEmpty() ? inOrder(folders) : ClassLabels.given(given);
    for (String folder : folders) {
      if (!classes.names().contains(folder)) {
        throw new InvalidDataException(
            "folder %s is none of the %d classes %s"
                .formatted(new Path(root, folder), classes.names().size(), classes.names()));
      }
    }
    String text = root.toString();
    return new ImageFolder(text.endsWith("/") ? text : text + "/", classes);
  }

  /** As numbers when all are integers in plain spelling, else by characters. */
  private static ClassLabels inOrder(TreeSet<String> folders) {
    ClassLabels sorted = ClassLabels.sorted(folders);
    return folders.equals(new TreeSet<>(sorted.names()))
        ? sorted
        : ClassLabels.given(List.copyOf(folders));
  }

  /**
   * All files below the folders, by path from the root, in the order of these paths. Each folder is
   * listed once; the driver holds all paths, some 100 bytes a file.
   */
  List<String> list(Configuration conf) throws IOException {
    Path folder = new Path(root);
    List<String> found = new ArrayList<>();
    collect(folder.getFileSystem(conf), folder, found);
    // Never the order of a listing: file systems differ.
    Collections.sort(found);
    if (found.isEmpty()) {
      throw new InvalidDataException("%s holds no image".formatted(root));
    }
    return found;
  }

  /** Not by {@code listFiles}: on a local disk Hadoop starts a process for each file it lists. */
  private void collect(FileSystem files, Path folder, List<String> found) throws IOException {
    for (FileStatus each : files.listStatus(folder)) {
      Path path = each.getPath();
      if (isHidden(path.getName())) {
        continue;
      }
      if (each.isDirectory()) {
        collect(files, path, found);
      } else {
        found.add(path.toString().substring(root.length()));
      }
    }
  }

  /**
   * Refuses a class that no file belongs to.
   *
   * @param files all of them, in order
   */
  void refuseEmptyClass(List<String> files) throws InvalidDataException {
    TreeSet<String> empty = new TreeSet<>(classes.names());
    files.forEach(file -> empty.remove(classFolder(file)));
    if (!empty.isEmpty()) {
      throw new InvalidDataException(
          "folder %s%s holds no image: remove it, or give the classes"
              .formatted(root, empty.first()));
    }
  }

  private static String classFolder(String file) {
    return file.substring(0, file.indexOf('/'));
  }

  private static boolean isHidden(String name) {
    return name.startsWith(".") || name.startsWith("_");
  }

  /** Index of the class that a file belongs to. */
  int classOf(String file) {
    return classes.index(classFolder(file)).orElseThrow();
  }

  /** All bytes of a file. */
  byte[] read(String file, Configuration conf) throws IOException {
    Path path = new Path(root + file);
    try (FSDataInputStream in = path.getFileSystem(conf).open(path)) {
      byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
      if (bytes.length > MAX_FILE_BYTES) {
        throw at(file, "more than %d bytes: it is no image".formatted(MAX_FILE_BYTES));
      }
      return bytes;
    }
  }

  /** An error about a file. */
  InvalidDataException at(String file, String problem) {
    return new InvalidDataException("%s%s: %s".formatted(root, file, problem));
  }
}
