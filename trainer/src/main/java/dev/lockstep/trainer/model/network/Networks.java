package dev.lockstep.trainer.model.network;

import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.ModelDefinition.Kind;
import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.model.array.NativeFloats;
import dev.lockstep.trainer.numeric.NativeSeed;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Updater;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspaceManager;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Makes networks from definitions: the one place that asks which kind it is. */
public final class Networks {

  private Networks() {}

  /** A network as the definition says, with parameters zero; a configuration of its own. */
  public static Network open(ModelDefinition definition) {
    return open(definition, conf -> {});
  }

  /**
   * A network with parameters zero.
   *
   * @param change made to each layer's configuration first
   */
  public static Network open(
      ModelDefinition definition, java.util.function.Consumer<NeuralNetConfiguration> change) {
    if (definition.kind() == Kind.MULTI_LAYER_NETWORK) {
      MultiLayerConfiguration configuration = definition.multiLayer();
      configuration.getConfs().forEach(change);
      MultiLayerNetwork network = new MultiLayerNetwork(configuration);
      network.init(zeros(parameterCount(configuration)), false);
      return new MultiLayerNetworkAdapter(network);
    }
    ComputationGraphConfiguration configuration = definition.graph();
    layerConfigurations(configuration).forEach(change);
    ComputationGraph graph = new ComputationGraph(configuration);
    graph.init(zeros(parameterCount(configuration)), false);
    return new ComputationGraphAdapter(graph);
  }

  /**
   * Length of a network's parameters, counted without making them.
   *
   * @throws RuntimeException of DL4J's if the configuration makes no network
   */
  public static long parameterCount(ModelDefinition definition) {
    return definition.kind() == Kind.MULTI_LAYER_NETWORK
        ? parameterCount(definition.multiLayer())
        : parameterCount(definition.graph());
  }

  /** A network as a training left it. */
  public static Network restored(ModelDefinition definition, SavedTraining saved) {
    Network network = open(definition);
    try {
      if (saved.theta().length != network.parameters().length()) {
        throw new IllegalArgumentException(
            "parameters="
                + saved.theta().length
                + " != "
                + network.parameters().length()
                + ", which the model has");
      }
      network.count(Math.toIntExact(saved.iterations()), saved.epochs());
      new NativeFloats(network.parameters()).write(saved.theta());
      if (saved.state() != null) {
        UpdaterStates.restore(network, saved.state());
      }
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
    return network;
  }

  /** A network with parameters from DL4J's own initialization, with another seed. */
  static Network initialized(ModelDefinition definition, long seed) {
    if (definition.kind() == Kind.MULTI_LAYER_NETWORK) {
      MultiLayerConfiguration configuration = definition.multiLayer();
      configuration.getConfs().forEach(conf -> conf.setSeed(NativeSeed.of(seed)));
      MultiLayerNetwork network = new MultiLayerNetwork(configuration);
      network.init();
      return new MultiLayerNetworkAdapter(network);
    }
    ComputationGraphConfiguration configuration = definition.graph();
    configuration.getDefaultConfiguration().setSeed(NativeSeed.of(seed));
    ComputationGraph graph = new ComputationGraph(configuration);
    graph.init();
    return new ComputationGraphAdapter(graph);
  }

  private static List<NeuralNetConfiguration> layerConfigurations(
      ComputationGraphConfiguration configuration) {
    List<NeuralNetConfiguration> found = new ArrayList<>();
    found.add(configuration.getDefaultConfiguration());
    configuration
        .getVertices()
        .values()
        .forEach(
            vertex -> {
              if (vertex instanceof LayerVertex layer) {
                found.add(layer.getLayerConf());
              }
            });
    return found;
  }

  private static long parameterCount(MultiLayerConfiguration configuration) {
    long count = 0;
    for (NeuralNetConfiguration conf : configuration.getConfs()) {
      conf.getLayer().setDataType(configuration.getDataType());
      count += conf.getLayer().initializer().numParams(conf);
    }
    return count;
  }

  private static long parameterCount(ComputationGraphConfiguration configuration) {
    return configuration.getVertices().values().stream().mapToLong(v -> v.numParams(true)).sum();
  }

  /**
   * What DL4J's {@code close()} of a network does, without its {@code System.gc()}: two whole
   * collections for each of several networks of a training.
   *
   * @param gradients null if there are none yet
   * @param updater null if there is none yet
   */
  static void release(INDArray parameters, INDArray gradients, Updater updater) {
    release(parameters);
    release(gradients);
    release(updater == null ? null : updater.getStateViewArray());
    MemoryWorkspaceManager workspaces = Nd4j.getWorkspaceManager();
    workspaces.getAllWorkspacesForCurrentThread().forEach(workspaces::destroyWorkspace);
  }

  private static void release(INDArray array) {
    if (array != null && array.closeable()) {
      array.close();
    }
  }

  private static INDArray zeros(long length) {
    return Nd4j.create(DataType.FLOAT, 1, length);
  }
}
