package dev.lockstep.trainer.model;

import dev.lockstep.sharding.TensorSpec;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;

/**
 * A model without its parameters: DL4J's own configuration as JSON. Small; crosses from driver to
 * executors, where each replica parses a configuration of its own, because DL4J keeps dropout masks
 * and counters in it.
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

  /** DL4J's configuration of a stack of layers, parsed anew. */
  public MultiLayerConfiguration multiLayer() {
    return MultiLayerConfiguration.fromJson(json);
  }

  /** DL4J's configuration of a graph, parsed anew. */
  public ComputationGraphConfiguration graph() {
    return ComputationGraphConfiguration.fromJson(json);
  }
}
