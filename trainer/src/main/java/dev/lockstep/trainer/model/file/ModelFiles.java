package dev.lockstep.trainer.model.file;

import dev.lockstep.trainer.model.ConfigurationTree;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.UnsupportedModelException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads whatever a model file may be, told apart by its first bytes. */
final class ModelFiles {
  private static final int MAX_TEXT_BYTES = ConfigurationTree.MAX_TEXT_BYTES;

  /** As many parameters as DL4J can count, with the state of the updater that keeps most. */
  private static final long MAX_ZIP_BYTES = 40L << 30;

  private ModelFiles() {}

  static InitialModel read(InputStream in, String source) throws IOException {
    BufferedInputStream bytes = new BufferedInputStream(in);
    bytes.mark(8);
    byte[] start = bytes.readNBytes(4);
    bytes.reset();
    if (start.length == 0) {
      throw refused(source + " is empty: give a DL4J zip, or a configuration in JSON or YAML");
    }
    if (startsWith(start, 'P', 'K')) {
      Path copy = Files.createTempFile("lockstep-model-", ".zip");
      try {
        copy(bytes, copy, source);
        return ModelZip.read(copy, source);
      } finally {
        Files.delete(copy);
      }
    }
    if (startsWith(start, 0x89, 'H', 'D', 'F')) {
      throw refused(
          source
              + " is an HDF5 file: import it with DL4J's KerasModelImport and save it with"
              + " ModelSerializer");
    }
    byte[] text = bytes.readNBytes(MAX_TEXT_BYTES + 1);
    if (text.length > MAX_TEXT_BYTES) {
      throw refused(
          source
              + " is longer than "
              + MAX_TEXT_BYTES
              + " bytes: give a DL4J zip, or a configuration in JSON or YAML");
    }
    return InitialModel.fresh(
        ModelDefinition.parse(new String(text, StandardCharsets.UTF_8), source));
  }

  private static void copy(InputStream in, Path target, String source) throws IOException {
    byte[] piece = new byte[1 << 16];
    long copied = 0;
    try (OutputStream out = Files.newOutputStream(target)) {
      for (int n = in.read(piece); n > 0; n = in.read(piece)) {
        copied += n;
        if (copied > MAX_ZIP_BYTES) {
          throw refused(
              source + " is longer than " + MAX_ZIP_BYTES + " bytes: no DL4J model can be");
        }
        out.write(piece, 0, n);
      }
    }
  }

  private static boolean startsWith(byte[] bytes, int... wanted) {
    for (int i = 0; i < wanted.length; i++) {
      if (i >= bytes.length || (bytes[i] & 0xff) != wanted[i]) {
        return false;
      }
    }
    return true;
  }

  private static UnsupportedModelException refused(String problem) {
    return new UnsupportedModelException(List.of(problem));
  }
}
