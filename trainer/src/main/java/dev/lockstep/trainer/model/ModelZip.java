package dev.lockstep.trainer.model;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.util.ModelSerializer;

/**
 * DL4J's model file. Written by DL4J's own {@code ModelSerializer}; read by this class, because
 * DL4J's reader deserialises a Java object ({@code preprocessor.bin}) from any zip that brings one:
 *
 * <pre>
 *   configuration.json   the network's configuration, with iteration and epoch counts
 *   coefficients.bin     θ: an array in ND4J's stream format
 *   updaterState.bin     optional: the updater's state, an array too
 *   normalizer.bin       optional: not used by training, not opened
 *
 *   array:  UTF allocation mode, int64 n, UTF type, n int64      (shape information)
 *           UTF allocation mode, int64 P, UTF "FLOAT", P float32 (big endian)
 * </pre>
 */
final class ModelZip {
  private static final String CONFIGURATION = "configuration.json";
  private static final String COEFFICIENTS = "coefficients.bin";
  private static final String UPDATER = "updaterState.bin";
  private static final String NORMALIZER = "normalizer.bin";
  private static final String PREPROCESSOR = "preprocessor.bin";
  private static final List<String> KNOWN =
      List.of(CONFIGURATION, COEFFICIENTS, UPDATER, NORMALIZER);

  private static final long MAX_CONFIGURATION_BYTES = 64L << 20;

  /** JSON packs well, but not like this; 1,032 is what deflate can do at most. */
  private static final long MAX_RATIO = 500;

  private static final int MAX_SHAPE_INFORMATION = 64;

  private ModelZip() {}

  static void write(ModelDefinition definition, OutputStream out, SavedTraining saved)
      throws IOException {
    try (Network network = Networks.restored(definition, saved)) {
      ModelSerializer.writeModel(network.model(), out, true);
    }
  }

  static InitialModel read(Path file, String source) throws IOException {
    try (ZipFile zip = new ZipFile(file.toFile())) {
      Map<String, ZipEntry> entries = scan(zip, source);
      String json;
      try (InputStream in = zip.getInputStream(entries.get(CONFIGURATION))) {
        json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
      ModelDefinition definition = ModelDefinition.parse(json, source + "!" + CONFIGURATION);
      try (Network network = Networks.open(definition)) {
        float[] theta =
            floats(zip, entries.get(COEFFICIENTS), network.parameters().length(), source);
        float[][] state = null;
        if (entries.containsKey(UPDATER)) {
          float[] view = floats(zip, entries.get(UPDATER), UpdaterStates.length(network), source);
          state = UpdaterStates.fromDl4j(network, view);
        }
        return new InitialModel(
            definition,
            Optional.of(
                new SavedTraining(theta, state, iterations(definition), epochs(definition))));
      }
    } catch (ZipException e) {
      throw refused(source + " is not a readable zip: " + e.getMessage());
    }
  }

  /** Looks at names and sizes only; nothing is unpacked yet. */
  private static Map<String, ZipEntry> scan(ZipFile zip, String source) {
    Map<String, ZipEntry> found = new HashMap<>();
    List<String> problems = new ArrayList<>();
    zip.stream()
        .forEach(
            entry -> {
              String name = entry.getName();
              if (name.equals(PREPROCESSOR)) {
                problems.add(
                    source
                        + " holds "
                        + PREPROCESSOR
                        + ", a serialised Java object that runs code when it is opened: save the"
                        + " model without it");
              } else if (!KNOWN.contains(name)) {
                problems.add(
                    source
                        + " holds the unexpected entry "
                        + printable(name)
                        + ": a DL4J model has only "
                        + KNOWN);
              } else if (found.put(name, entry) != null) {
                problems.add(
                    source
                        + " holds "
                        + name
                        + " twice: save the model again with ModelSerializer");
              } else if (entry.getSize() > MAX_RATIO * Math.max(1, entry.getCompressedSize())) {
                problems.add(
                    source
                        + "!"
                        + name
                        + " unpacks to "
                        + entry.getSize()
                        + " bytes from "
                        + entry.getCompressedSize()
                        + ", more than "
                        + MAX_RATIO
                        + " times: save the model again with ModelSerializer");
              }
            });
    for (String needed : List.of(CONFIGURATION, COEFFICIENTS)) {
      if (problems.isEmpty() && !found.containsKey(needed)) {
        problems.add(
            source + " holds no " + needed + ": save the model with DL4J's ModelSerializer");
      }
    }
    if (problems.isEmpty() && found.get(CONFIGURATION).getSize() > MAX_CONFIGURATION_BYTES) {
      problems.add(
          source
              + "!"
              + CONFIGURATION
              + " has "
              + found.get(CONFIGURATION).getSize()
              + " bytes, more than "
              + MAX_CONFIGURATION_BYTES);
    }
    if (!problems.isEmpty()) {
      throw new UnsupportedModelException(problems);
    }
    return found;
  }

  /** An array of a known length. Lengths are checked before anything of that size is allocated. */
  private static float[] floats(ZipFile zip, ZipEntry entry, long wanted, String source)
      throws IOException {
    String name = source + "!" + entry.getName();
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(zip.getInputStream(entry), 1 << 16))) {
      in.readUTF();
      long shapeLength = in.readLong();
      String shapeType = in.readUTF();
      if (shapeLength < 0 || shapeLength > MAX_SHAPE_INFORMATION) {
        throw refused(name + " has shape information of length " + shapeLength);
      }
      in.skipNBytes(shapeLength * (shapeType.equals("INT") ? Integer.BYTES : Long.BYTES));
      in.readUTF();
      long length = in.readLong();
      String type = in.readUTF();
      if (!type.equals("FLOAT")) {
        throw refused(
            name
                + " has type "
                + type
                + ": convert the model with convertDataType(DataType.FLOAT)");
      }
      if (length != wanted) {
        throw refused(
            name + " has " + length + " values, but the configuration beside it needs " + wanted);
      }
      byte[] chunk = new byte[1 << 16];
      float[] values = new float[Math.toIntExact(length)];
      for (int done = 0; done < values.length; ) {
        int count = Math.min(chunk.length / Float.BYTES, values.length - done);
        in.readFully(chunk, 0, count * Float.BYTES);
        java.nio.ByteBuffer.wrap(chunk).asFloatBuffer().get(values, done, count);
        done += count;
      }
      return values;
    } catch (java.io.EOFException e) {
      throw refused(name + " ends too early: copy the model again");
    }
  }

  private static long iterations(ModelDefinition definition) {
    return definition.kind() == ModelDefinition.Kind.MULTI_LAYER_NETWORK
        ? ConfigurationText.multiLayer(definition).getIterationCount()
        : ConfigurationText.graph(definition).getIterationCount();
  }

  private static int epochs(ModelDefinition definition) {
    if (definition.kind() == ModelDefinition.Kind.MULTI_LAYER_NETWORK) {
      return ConfigurationText.multiLayer(definition).getEpochCount();
    }
    ComputationGraphConfiguration graph = ConfigurationText.graph(definition);
    return graph.getEpochCount();
  }

  static String printable(String name) {
    return name.replaceAll("[^\\p{Print}]", "?");
  }

  private static UnsupportedModelException refused(String problem) {
    return new UnsupportedModelException(List.of(problem));
  }
}
