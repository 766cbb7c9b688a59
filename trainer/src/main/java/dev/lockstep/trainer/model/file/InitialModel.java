package dev.lockstep.trainer.model.file;

import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.model.network.ComputationGraphAdapter;
import dev.lockstep.trainer.model.network.MultiLayerNetworkAdapter;
import dev.lockstep.trainer.model.network.Networks;
import dev.lockstep.trainer.model.network.UpdaterStates;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;
import java.util.Optional;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;

/**
 * What a training starts from: a definition and, where the model was trained before, what that left
 * behind. Lives on the driver.
 *
 * @param definition what the model is
 * @param saved what an earlier training left; empty for a fresh model
 */
public record InitialModel(ModelDefinition definition, Optional<SavedTraining> saved) {

  /** Checks presence. */
  public InitialModel {
    Objects.requireNonNull(definition, "definition");
    Objects.requireNonNull(saved, "saved");
  }

  /** A model not trained before. */
  public static InitialModel fresh(ModelDefinition definition) {
    return new InitialModel(definition, Optional.empty());
  }

  /** A model and what a training left. */
  public static InitialModel trained(ModelDefinition definition, SavedTraining saved) {
    return new InitialModel(definition, Optional.of(saved));
  }

  /** The user's network with its parameters, updater state and counts, if it is initialized. */
  public static InitialModel of(MultiLayerNetwork network) {
    return network.isInitCalled()
        ? new InitialModel(
            ModelDefinition.of(network.getLayerWiseConfigurations()),
            Optional.of(
                UpdaterStates.capture(
                    new MultiLayerNetworkAdapter(network),
                    network.getIterationCount(),
                    network.getEpochCount())))
        : fresh(ModelDefinition.of(network.getLayerWiseConfigurations()));
  }

  /** The user's graph with its parameters, updater state and counts, if it is initialized. */
  public static InitialModel of(ComputationGraph graph) {
    return graph.params().length() > 0
        ? new InitialModel(
            ModelDefinition.of(graph.getConfiguration()),
            Optional.of(
                UpdaterStates.capture(
                    new ComputationGraphAdapter(graph),
                    graph.getIterationCount(),
                    graph.getEpochCount())))
        : fresh(ModelDefinition.of(graph.getConfiguration()));
  }

  /**
   * The model as a DL4J network, with its parameters, updater state and counts: a copy that is the
   * caller's.
   *
   * @throws IllegalStateException if it is a graph, or not initialized
   */
  public MultiLayerNetwork network() {
    if (definition.kind() != ModelDefinition.Kind.MULTI_LAYER_NETWORK) {
      throw new IllegalStateException("the model is a graph, not a stack of layers: call graph()");
    }
    return (MultiLayerNetwork) restored();
  }

  /**
   * The model as a DL4J graph, with its parameters, updater state and counts: a copy that is the
   * caller's.
   *
   * @throws IllegalStateException if it is a stack of layers, or not initialized
   */
  public ComputationGraph graph() {
    if (definition.kind() != ModelDefinition.Kind.COMPUTATION_GRAPH) {
      throw new IllegalStateException(
          "the model is a stack of layers, not a graph: call network()");
    }
    return (ComputationGraph) restored();
  }

  private Model restored() {
    return Networks.restored(definition, training()).model();
  }

  private SavedTraining training() {
    return saved.orElseThrow(
        () -> new IllegalStateException("the model has no parameters yet: train it first"));
  }

  /**
   * Writes the model in DL4J's own format ({@code ModelSerializer}), from which plain DL4J
   * continues training.
   *
   * @param out not closed
   * @throws IllegalStateException if the model is not initialized
   */
  public void write(OutputStream out) throws IOException {
    ModelZip.write(definition, out, training());
  }

  /**
   * From a file's bytes: a DL4J zip, or a DL4J configuration in JSON or YAML.
   *
   * @param in read to its end, not closed
   * @param source where the bytes are from, for messages
   * @throws UnsupportedModelException if it is none of these, or a zip that holds more than a model
   */
  public static InitialModel read(InputStream in, String source) throws IOException {
    return ModelFiles.read(in, source);
  }

  /**
   * θ at the start of training.
   *
   * @param seed of the run; without effect where parameters were saved
   * @return P floats
   */
  public float[] parameters(long seed) {
    return saved
        .map(SavedTraining::theta)
        .orElseGet(() -> BuiltModel.of(definition, seed).initialParameters());
  }

  /** The updater's state vectors at the start of training, or null for fresh ones. */
  public float[][] state() {
    return saved.map(SavedTraining::state).orElse(null);
  }

  /** Optimizer steps taken before. */
  public long iterations() {
    return saved.map(SavedTraining::iterations).orElse(0L);
  }

  /** Epochs completed before. */
  public int epochs() {
    return saved.map(SavedTraining::epochs).orElse(0);
  }
}
