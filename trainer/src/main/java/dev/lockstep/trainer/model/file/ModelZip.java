package dev.lockstep.trainer.model.file;

import dev.lockstep.trainer.model.ConfigurationTree;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.model.UnsupportedModelException;
import dev.lockstep.trainer.model.array.SavedArray;
import dev.lockstep.trainer.model.network.Network;
import dev.lockstep.trainer.model.network.Networks;
import dev.lockstep.trainer.model.network.UpdaterStates;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StreamCorruptedException;
import java.io.UTFDataFormatException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.util.ModelSerializer;

/**
 * DL4J's model file. Written by DL4J's own {@code ModelSerializer}; read by this class, because
 * DL4J's reader deserializes a Java object ({@code preprocessor.bin}) from any zip that brings one:
 *
 * <pre>
 *   configuration.json   the network's configuration, with iteration and epoch counts
 *   coefficients.bin     θ: an array in ND4J's stream format
 *   updaterState.bin     optional: the updater's state, an array too
 *   normalizer.bin       optional: not used by training, not opened
 * </pre>
 *
 * <p>Arrays are in the format of {@link SavedArray}.
 */
final class ModelZip {
  public static final String CONFIGURATION = "configuration.json";
  public static final String COEFFICIENTS = "coefficients.bin";
  public static final String UPDATER = "updaterState.bin";
  private static final String NORMALIZER = "normalizer.bin";
  private static final List<String> KNOWN =
      List.of(CONFIGURATION, COEFFICIENTS, UPDATER, NORMALIZER);

  private ModelZip() {}

  static void write(ModelDefinition definition, OutputStream out, SavedTraining saved)
      throws IOException {
    try (Network network = Networks.restored(definition, saved)) {
      ModelSerializer.writeModel(network.model(), out, true);
    }
  }

  /**
   * Reads a zip of unknown origin.
   *
   * @throws UnsupportedModelException if it is not a model's, or holds more than a model
   */
  static InitialModel read(Path file, String source) throws IOException {
    ModelZipScan zip = new ModelZipScan(file, source, KNOWN);
    Map<String, Long> sizes = zip.run();
    for (String needed : List.of(CONFIGURATION, COEFFICIENTS)) {
      if (!sizes.containsKey(needed)) {
        throw refused(
            source + " holds no " + needed + ": save the model with DL4J's ModelSerializer");
      }
    }
    try {
      return read(zip, sizes, source);
    } catch (UnsupportedModelException e) {
      throw e;
    } catch (RuntimeException e) { // what DL4J makes of a configuration without meaning
      throw refused(source + " cannot be read as a DL4J model: " + e);
    }
  }

  private static InitialModel read(ModelZipScan zip, Map<String, Long> sizes, String source)
      throws IOException {
    requireText(sizes.get(CONFIGURATION), source);
    requireRoom(sizes, source);
    String json;
    try (InputStream in = zip.open(CONFIGURATION)) {
      json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    ModelDefinition definition = ModelDefinition.parse(json, source + "!" + CONFIGURATION);
    // Before DL4J makes arrays of that length.
    float[] theta = floats(zip, COEFFICIENTS, Networks.parameterCount(definition), source);
    float[][] state = null;
    if (sizes.containsKey(UPDATER)) {
      try (Network network = Networks.open(definition)) {
        float[] view = floats(zip, UPDATER, UpdaterStates.length(network), source);
        state = UpdaterStates.fromDl4j(network, view);
      }
    }
    return new InitialModel(
        definition,
        Optional.of(new SavedTraining(theta, state, iterations(definition), epochs(definition))));
  }

  private static void requireText(long bytes, String source) {
    if (bytes > ConfigurationTree.MAX_TEXT_BYTES) {
      throw refused(
          source
              + "!"
              + CONFIGURATION
              + " has "
              + bytes
              + " bytes, more than "
              + ConfigurationTree.MAX_TEXT_BYTES
              + ": no DL4J model needs as many");
    }
  }

  /** The state is held twice while it is put into another order. */
  private static void requireRoom(Map<String, Long> sizes, String source) {
    long needed = sizes.get(COEFFICIENTS) + 2 * sizes.getOrDefault(UPDATER, 0L);
    long heap = Runtime.getRuntime().maxMemory();
    if (needed > heap) {
      throw refused(
          source
              + " unpacks to arrays that take "
              + needed
              + " bytes of the driver's memory, more than all of its "
              + heap
              + ": raise --driver-memory if the model is meant to be as big");
    }
  }

  /** An array of a known length. Lengths are checked before anything of that size is allocated. */
  private static float[] floats(ModelZipScan zip, String entry, long wanted, String source)
      throws IOException {
    String name = source + "!" + entry;
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(zip.open(entry), 1 << 16))) {
      float[] values = SavedArray.readVector(in, wanted);
      if (in.read() >= 0) {
        throw refused(name + " goes on after its " + wanted + " values: save the model again");
      }
      return values;
    } catch (UTFDataFormatException e) {
      throw refused(name + " is not an array of ND4J: save the model again with ModelSerializer");
    } catch (EOFException e) {
      throw refused(name + " ends too early: copy the model again");
    } catch (StreamCorruptedException e) {
      throw refused(name + ": " + e.getMessage());
    }
  }

  private static long iterations(ModelDefinition definition) {
    return definition.kind() == ModelDefinition.Kind.MULTI_LAYER_NETWORK
        ? definition.multiLayer().getIterationCount()
        : definition.graph().getIterationCount();
  }

  private static int epochs(ModelDefinition definition) {
    if (definition.kind() == ModelDefinition.Kind.MULTI_LAYER_NETWORK) {
      return definition.multiLayer().getEpochCount();
    }
    ComputationGraphConfiguration graph = definition.graph();
    return graph.getEpochCount();
  }

  private static UnsupportedModelException refused(String problem) {
    return new UnsupportedModelException(List.of(problem));
  }
}
