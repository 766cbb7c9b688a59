package dev.lockstep.trainer.model;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads whatever a model file may be, told apart by its first bytes. */
final class ModelFiles {
  private static final int MAX_TEXT_BYTES = 64 << 20;

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
        Files.copy(bytes, copy, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
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
