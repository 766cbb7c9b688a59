package dev.lockstep.trainer.model;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.sharding.TensorSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;

/**
 * What a model is, without its parameters: DL4J's own configuration as JSON. Small; crosses from
 * driver to executors, where each replica parses a configuration of its own, because DL4J keeps
 * dropout masks and counters in it.
 *
 * @param kind which of DL4J's two kinds of network
 * @param json the network's configuration in DL4J's JSON
 */
public record ModelDefinition(Kind kind, String json) implements Serializable {

  /** DL4J's kinds of network. */
  public enum Kind {
    /** A stack of layers. */
    MULTI_LAYER_NETWORK,
    /** A graph of vertices. */
    COMPUTATION_GRAPH
  }

  /** Checks presence. */
  public ModelDefinition {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(json, "json");
  }

  /**
   * From the user's Java object, which is not kept.
   *
   * @throws UnsupportedModelException if its JSON form would be another configuration
   */
  public static ModelDefinition of(MultiLayerConfiguration configuration) {
    return ConfigurationText.definition(configuration);
  }

  /**
   * From the user's Java object, which is not kept.
   *
   * @throws UnsupportedModelException if its JSON form would be another configuration
   */
  public static ModelDefinition of(ComputationGraphConfiguration configuration) {
    return ConfigurationText.definition(configuration);
  }

  /**
   * From DL4J's JSON or YAML.
   *
   * @param text of either kind of network
   * @param source where the text is from, for messages
   * @throws UnsupportedModelException if it is neither
   */
  public static ModelDefinition parse(String text, String source) {
    return ConfigurationText.parse(text, source);
  }

  /** One of the built-in models, sized for a dataset; see {@link BuiltInModels}. */
  public static ModelDefinition builtIn(
      String name, List<TensorSpec> tensors, BuiltInOptions options) {
    return BuiltInModels.define(name, tensors, options);
  }

  /**
   * SHA-256 of the configuration, in hexadecimal, without what a run sets in it: seed, and counts
   * of iterations and epochs. (DL4J fills in the time as the seed where none is given.)
   */
  public String sha256() {
    return ConfigurationText.sha256(json);
  }

  /** Length P of θ. */
  public int parameterCount() {
    try (Network network = Networks.open(this)) {
      return Math.toIntExact(network.parameters().length());
    }
  }

  /**
   * How the parameter server updates θ: its blocks, and what DL4J's layers say of each.
   *
   * @param clipping Lockstep's own; {@link Clipping.None} where the model brings DL4J's gradient
   *     normalisation
   * @throws UnsupportedModelException naming what is not supported
   */
  public UpdatePlan updatePlan(Clipping clipping) {
    try (Network network = Networks.open(this)) {
      return UpdateRules.plan(network, clipping);
    }
  }

  /** Names of the blocks that hold biases, or gains and offsets of normalisation. */
  public Set<String> vectorBlocks() {
    try (Network network = Networks.open(this)) {
      return ParameterBlocks.vectors(network);
    }
  }

  /**
   * Parameters as DL4J's own initialisation makes them. A run does this once, on the driver.
   *
   * @param seed stands in for the configuration's own seed
   * @return P floats
   */
  public float[] initialParameters(long seed) {
    return Networks.initialise(this, seed);
  }

  /**
   * A replica of the model, for the thread that will use it. Parameters are zero until set.
   *
   * @param options how it computes
   */
  public ModelReplica replica(ReplicaOptions options) {
    return new ModelReplica(this, options);
  }

  /**
   * Writes a model in DL4J's own format ({@code ModelSerializer}), from which plain DL4J continues
   * training.
   *
   * @param out not closed
   * @param theta P floats
   * @param state the updater's state vectors in the order of DL4J's updaters, each P floats (0
   *     where a block has none), or null to write fresh state
   * @param iterations optimizer steps taken
   * @param epochs epochs completed
   */
  public void write(OutputStream out, float[] theta, float[][] state, long iterations, int epochs)
      throws IOException {
    ModelZip.write(this, out, new SavedTraining(theta, state, iterations, epochs));
  }
}
