package dev.lockstep.trainer.model;

import dev.lockstep.sharding.TensorRoles;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.preprocessor.Cnn3DToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnn3DPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;

/**
 * The ranks that a network's inputs and outputs have, read from its configuration. Datasets keep an
 * example in its natural shape ({@code [1, 28, 28]}); the network may want it flat.
 *
 * @param inputs in the network's order
 * @param outputs in the network's order
 */
public record ModelShape(List<Port> inputs, List<Port> outputs) {

  /** A dimension that may be anything. */
  private static final int ANY = -1;

  /**
   * An input or output.
   *
   * @param name for messages
   * @param rank dimensions with the batch dimension; {@link #ANY} to take a tensor as it is
   * @param size features of a flat input, channels of an image, features of a time step; or ANY
   */
  public record Port(String name, int rank, long size) {

    /**
     * The shape in which an example of a tensor goes in; elements keep their order.
     *
     * @return without the batch dimension
     * @throws IllegalArgumentException if it cannot
     */
    public long[] exampleShape(TensorSpec tensor) {
      long[] shape = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
      if (rank == ANY || rank == shape.length + 1) {
        return checked(tensor, shape);
      }
      if (rank == 2) {
        return checked(tensor, new long[] {tensor.elements()});
      }
      if (rank == 4 && shape.length == 2) {
        return checked(tensor, new long[] {1, shape[0], shape[1]});
      }
      if (rank == 3 && shape.length == 3) {
        return checked(tensor, new long[] {shape[0] * shape[1], shape[2]});
      }
      if (rank == 3 && shape.length == 1) {
        return checked(tensor, new long[] {1, shape[0]});
      }
      throw misfit(tensor);
    }

    private long[] checked(TensorSpec tensor, long[] shape) {
      if (size != ANY && (rank == 2 || rank == 3) && shape[0] != size) {
        throw misfit(tensor);
      }
      if (size != ANY && rank == 4 && shape[0] != size && shape[2] != size) {
        throw misfit(tensor);
      }
      return shape;
    }

    private IllegalArgumentException misfit(TensorSpec tensor) {
      String wanted =
          switch (rank) {
            case 2 -> size + " values";
            case 3 -> "[" + text(size) + ", time]";
            case 4 -> "[" + text(size) + ", height, width]";
            default -> "rank " + (rank - 1);
          };
      return new IllegalArgumentException(
          name
              + " of the model takes "
              + wanted
              + " per example, but tensor "
              + tensor.name()
              + " has shape="
              + tensor.shape()
              + " ("
              + tensor.elements()
              + " values): change the model or the dataset");
    }

    private static String text(long size) {
      return size == ANY ? "channels" : Long.toString(size);
    }
  }

  /** What does not fit between the model and a dataset's tensors; empty if all does. */
  public List<String> problems(List<TensorSpec> tensors) {
    List<String> problems = new ArrayList<>();
    compare(tensors, Role.FEATURES, inputs, "inputs", problems);
    compare(tensors, Role.LABELS, outputs, "outputs", problems);
    problems.addAll(TensorRoles.problems(tensors, Role.FEATURES_MASK));
    problems.addAll(TensorRoles.problems(tensors, Role.LABELS_MASK));
    weights(tensors, problems);
    return problems;
  }

  private static void compare(
      List<TensorSpec> tensors, Role role, List<Port> ports, String what, List<String> problems) {
    List<TensorSpec> found = tensors.stream().filter(t -> t.role() == role).toList();
    if (found.size() != ports.size()) {
      problems.add(
          "the model has "
              + ports.size()
              + " "
              + what
              + " "
              + ports.stream().map(Port::name).toList()
              + ", but the dataset has "
              + found.size()
              + " "
              + role
              + " tensors "
              + found.stream().map(TensorSpec::name).toList()
              + ": they must be as many, in the same order");
      return;
    }
    for (int i = 0; i < ports.size(); i++) {
      try {
        ports.get(i).exampleShape(found.get(i));
      } catch (IllegalArgumentException e) {
        problems.add(e.getMessage());
      }
    }
  }

  private void weights(List<TensorSpec> tensors, List<String> problems) {
    List<TensorSpec> weights = tensors.stream().filter(t -> t.role() == Role.WEIGHTS).toList();
    if (weights.size() > 1 && weights.size() != outputs.size()) {
      problems.add(
          "the dataset has "
              + weights.size()
              + " WEIGHTS tensors for "
              + outputs.size()
              + " outputs: give one for all, or one for each");
    }
    for (TensorSpec tensor : weights) {
      if (tensor.elements() != 1 || tensor.encoding() != TensorSpec.Encoding.FLOAT32) {
        problems.add(
            "tensor "
                + tensor.name()
                + " of WEIGHTS has shape="
                + tensor.shape()
                + " encoding="
                + tensor.encoding()
                + ": give one number per example, shape [1]");
      }
    }
  }

  public static ModelShape of(ModelDefinition definition) {
    return definition.kind() == ModelDefinition.Kind.MULTI_LAYER_NETWORK
        ? of(definition.multiLayer())
        : of(definition.graph());
  }

  private static ModelShape of(MultiLayerConfiguration configuration) {
    List<NeuralNetConfiguration> confs = configuration.getConfs();
    InputPreProcessor first = configuration.getInputPreProcess(0);
    Port input = new Port("the input", ANY, ANY);
    if (first != null) {
      input = port("the input", first);
    } else {
      // Layers such as dropout take any rank: what follows them decides.
      for (int i = 0; i < confs.size() && input.rank() == ANY; i++) {
        InputPreProcessor later = i == 0 ? null : configuration.getInputPreProcess(i);
        input =
            later == null ? port("the input", confs.get(i).getLayer()) : port("the input", later);
      }
    }
    Layer last = confs.get(confs.size() - 1).getLayer();
    return new ModelShape(List.of(input), List.of(output("the output", last)));
  }

  private static ModelShape of(ComputationGraphConfiguration configuration) {
    List<Port> inputs = new ArrayList<>();
    for (String name : configuration.getNetworkInputs()) {
      Port found = new Port("input " + name, ANY, ANY);
      for (Map.Entry<String, List<String>> vertex : configuration.getVertexInputs().entrySet()) {
        GraphVertex consumer = configuration.getVertices().get(vertex.getKey());
        if (found.rank() == ANY
            && vertex.getValue().contains(name)
            && consumer instanceof LayerVertex layer) {
          found =
              layer.getPreProcessor() == null
                  ? port("input " + name, layer.getLayerConf().getLayer())
                  : port("input " + name, layer.getPreProcessor());
        }
      }
      inputs.add(found);
    }
    List<Port> outputs = new ArrayList<>();
    for (String name : configuration.getNetworkOutputs()) {
      GraphVertex vertex = configuration.getVertices().get(name);
      outputs.add(
          vertex instanceof LayerVertex layer
              ? output("output " + name, layer.getLayerConf().getLayer())
              : new Port("output " + name, ANY, ANY));
    }
    return new ModelShape(inputs, outputs);
  }

  private static Port port(String name, InputPreProcessor processor) {
    if (processor instanceof FeedForwardToCnnPreProcessor p) {
      return new Port(name, 2, p.getInputHeight() * p.getInputWidth() * p.getNumChannels());
    }
    if (processor instanceof CnnToFeedForwardPreProcessor p) {
      return new Port(name, 4, p.getNumChannels());
    }
    if (processor instanceof CnnToRnnPreProcessor) {
      return new Port(name, 4, ANY);
    }
    if (processor instanceof RnnToFeedForwardPreProcessor
        || processor instanceof RnnToCnnPreProcessor) {
      return new Port(name, 3, ANY);
    }
    if (processor instanceof Cnn3DToFeedForwardPreProcessor) {
      return new Port(name, 5, ANY);
    }
    if (processor instanceof FeedForwardToRnnPreProcessor
        || processor instanceof FeedForwardToCnn3DPreProcessor) {
      return new Port(name, 2, ANY);
    }
    return new Port(name, ANY, ANY);
  }

  private static Port port(String name, Layer layer) {
    if (layer instanceof LastTimeStep wrapper) {
      return port(name, wrapper.getUnderlying());
    }
    if (layer instanceof Bidirectional wrapper) {
      return port(name, wrapper.getFwd());
    }
    if (layer instanceof Convolution1DLayer
        || layer instanceof Subsampling1DLayer
        || layer instanceof BaseRecurrentLayer
        || layer instanceof RnnOutputLayer) {
      return new Port(name, 3, inputs(layer));
    }
    if (layer instanceof Convolution3D || layer instanceof Subsampling3DLayer) {
      return new Port(name, 5, ANY);
    }
    if (layer instanceof ConvolutionLayer || layer instanceof SubsamplingLayer) {
      return new Port(name, 4, inputs(layer));
    }
    if (layer instanceof DenseLayer
        || layer instanceof org.deeplearning4j.nn.conf.layers.OutputLayer) {
      return new Port(name, 2, inputs(layer));
    }
    return new Port(name, ANY, ANY);
  }

  private static Port output(String name, Layer layer) {
    if (layer instanceof RnnOutputLayer rnn) {
      return new Port(name, 3, rnn.getNOut());
    }
    if (layer instanceof RnnLossLayer) {
      return new Port(name, 3, ANY);
    }
    if (layer instanceof CnnLossLayer) {
      return new Port(name, 4, ANY);
    }
    if (layer instanceof Cnn3DLossLayer) {
      return new Port(name, 5, ANY);
    }
    long size = layer instanceof FeedForwardLayer sized ? sized.getNOut() : ANY;
    return new Port(name, 2, size > 0 ? size : ANY);
  }

  private static long inputs(Layer layer) {
    return layer instanceof FeedForwardLayer sized && sized.getNIn() > 0 ? sized.getNIn() : ANY;
  }
}
