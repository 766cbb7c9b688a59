package dev.lockstep.trainer.model;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Models by name, sized for a dataset: {@code linear}, {@code mlp:256,128} (hidden sizes), {@code
 * lenet} (images), {@code lstm:64} (hidden size; sequences {@code [features, time]}). Class labels
 * get softmax and cross entropy, others identity and mean squared error. Lives on the driver.
 */
final class BuiltInModels {

  private BuiltInModels() {}

  static ModelDefinition define(String name, List<TensorSpec> tensors, BuiltInOptions options) {
    TensorSpec features = only(name, tensors, Role.FEATURES);
    TensorSpec labels = only(name, tensors, Role.LABELS);
    NeuralNetConfiguration.ListBuilder layers =
        new NeuralNetConfiguration.Builder()
            .weightInit(
                options.activation() == BuiltInOptions.Activation.RELU
                    ? WeightInit.RELU
                    : WeightInit.XAVIER)
            .activation(
                options.activation() == BuiltInOptions.Activation.RELU
                    ? Activation.RELU
                    : Activation.TANH)
            .updater(updater(options))
            .list();
    String kind = name.contains(":") ? name.substring(0, name.indexOf(':')) : name;
    MultiLayerConfiguration configuration =
        switch (kind) {
          case "linear" -> {
            noSizes(name);
            layers.layer(output(labels));
            yield layers.setInputType(InputType.feedForward(features.elements())).build();
          }
          case "mlp" -> {
            for (int size : sizes(name)) {
              layers.layer(new DenseLayer.Builder().nOut(size).build());
            }
            layers.layer(output(labels));
            yield layers.setInputType(InputType.feedForward(features.elements())).build();
          }
          case "lenet" -> {
            noSizes(name);
            yield lenet(layers, features, labels);
          }
          case "lstm" -> lstm(layers, name, features, labels);
          default ->
              throw new IllegalArgumentException(
                  "model "
                      + name
                      + " is not built in: use linear, mlp:256,128, lenet or lstm:64, or a file");
        };
    return ModelDefinition.of(configuration);
  }

  private static MultiLayerConfiguration lenet(
      NeuralNetConfiguration.ListBuilder layers, TensorSpec features, TensorSpec labels) {
    List<Integer> shape = features.shape();
    if (shape.size() == 2) {
      shape = List.of(1, shape.get(0), shape.get(1));
    }
    if (shape.size() != 3 || shape.get(1) < 16 || shape.get(2) < 16) {
      throw new IllegalArgumentException(
          "model lenet needs images [channels, height >= 16, width >= 16], but tensor "
              + features.name()
              + " has shape="
              + features.shape()
              + ": use mlp:256,128 or linear");
    }
    layers
        .layer(new ConvolutionLayer.Builder(5, 5).nOut(20).build())
        .layer(max())
        .layer(new ConvolutionLayer.Builder(5, 5).nOut(50).build())
        .layer(max())
        .layer(new DenseLayer.Builder().nOut(500).build())
        .layer(output(labels));
    return layers
        .setInputType(InputType.convolutional(shape.get(1), shape.get(2), shape.get(0)))
        .build();
  }

  private static SubsamplingLayer max() {
    return new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
        .kernelSize(2, 2)
        .stride(2, 2)
        .build();
  }

  private static MultiLayerConfiguration lstm(
      NeuralNetConfiguration.ListBuilder layers,
      String name,
      TensorSpec features,
      TensorSpec labels) {
    // DL4J's sequences are [features, time]; a plain row is one feature over time.
    List<Integer> shape = features.shape();
    int time = shape.get(shape.size() - 1);
    int inputs = features.elements() / time;
    List<Integer> sizes = sizes(name);
    boolean perStep = labels.encoding() == Encoding.FLOAT32 && labels.shape().size() == 2;
    for (int i = 0; i < sizes.size(); i++) {
      LSTM layer =
          new LSTM.Builder()
              .nOut(sizes.get(i))
              .activation(Activation.TANH)
              .weightInit(WeightInit.XAVIER)
              .build();
      layers.layer(!perStep && i == sizes.size() - 1 ? new LastTimeStep(layer) : layer);
    }
    if (perStep) {
      RnnOutputLayer.Builder output =
          new RnnOutputLayer.Builder(LossFunction.MSE).activation(Activation.IDENTITY);
      layers.layer(output.nOut(labels.shape().get(0)).weightInit(WeightInit.XAVIER).build());
    } else {
      layers.layer(output(labels));
    }
    return layers.setInputType(InputType.recurrent(inputs, time)).build();
  }

  private static BaseOutputLayer output(TensorSpec labels) {
    boolean classes = labels.encoding() == Encoding.CLASS_INDEX;
    if (classes && labels.elements() < 2) {
      throw new IllegalArgumentException(
          "tensor "
              + labels.name()
              + " has classes="
              + labels.elements()
              + " < 2: there is nothing to tell apart; give data of several classes");
    }
    return new OutputLayer.Builder(classes ? LossFunction.MCXENT : LossFunction.MSE)
        .activation(classes ? Activation.SOFTMAX : Activation.IDENTITY)
        .weightInit(WeightInit.XAVIER)
        .nOut(labels.elements())
        .build();
  }

  private static IUpdater updater(BuiltInOptions options) {
    return switch (options.updater()) {
      case SGD -> new Sgd(options.learningRate());
      case NESTEROVS -> new Nesterovs(options.learningRate(), 0.9);
      case ADAM -> new Adam(options.learningRate());
    };
  }

  private static TensorSpec only(String name, List<TensorSpec> tensors, Role role) {
    List<TensorSpec> found = tensors.stream().filter(t -> t.role() == role).toList();
    if (found.size() != 1) {
      throw new IllegalArgumentException(
          "model "
              + name
              + " needs one "
              + role
              + " tensor, the dataset has "
              + found.size()
              + ": use a ComputationGraph from a file for several");
    }
    return found.get(0);
  }

  private static List<Integer> sizes(String name) {
    List<Integer> sizes = new ArrayList<>();
    String list = name.substring(name.indexOf(':') + 1);
    for (String size : list.split(",", -1)) {
      if (!name.contains(":") || !size.strip().matches("[1-9][0-9]{0,6}")) {
        throw new IllegalArgumentException(
            "model "
                + name
                + ": give hidden sizes after a colon, for example mlp:256,128 or lstm:64");
      }
      sizes.add(Integer.parseInt(size.strip()));
    }
    return sizes;
  }

  private static void noSizes(String name) {
    if (name.contains(":")) {
      throw new IllegalArgumentException(
          "model " + name + " takes no sizes: write " + name.substring(0, name.indexOf(':')));
    }
  }
}
