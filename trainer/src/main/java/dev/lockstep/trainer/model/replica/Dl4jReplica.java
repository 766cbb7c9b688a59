package dev.lockstep.trainer.model.replica;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.config.ClusterConfig.Kernels;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.ModelShape;
import dev.lockstep.trainer.model.array.NativeFloats;
import dev.lockstep.trainer.model.network.Network;
import dev.lockstep.trainer.model.network.Networks;
import dev.lockstep.trainer.model.network.ParameterBlocks;
import dev.lockstep.trainer.numeric.LoadedNatives;
import dev.lockstep.trainer.numeric.NativeSeed;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A replica that DL4J computes. DL4J's workspaces belong to threads. */
final class Dl4jReplica implements ModelReplica {
  private final Network network;
  private final ModelShape shape;
  private final NativeFloats parameters;
  private final NativeFloats gradients;
  private final List<ParameterBlocks.Entry> statistics;
  private TensorBinding binding;

  /**
   * A replica with parameters zero.
   *
   * @param definition parsed anew, so that no two replicas share a configuration
   * @param options how it computes
   */
  Dl4jReplica(ModelDefinition definition, ReplicaOptions options) {
    // Its garbage collections would come at moments that have nothing to do with memory in use.
    Nd4j.getMemoryManager().togglePeriodicGc(false);
    this.network = Networks.open(definition, Dl4jReplica::adapt);
    if (options.kernels() == Kernels.ONEDNN && LoadedNatives.load().hasOneDnn()) {
      OneDnnKernels.install(network.layers());
    }
    this.shape = ModelShape.of(definition);
    this.parameters = new NativeFloats(network.parameters());
    this.gradients = new NativeFloats(network.gradients());
    this.statistics =
        ParameterBlocks.of(network).stream().filter(ParameterBlocks.Entry::isStatistic).toList();
  }

  private static void adapt(NeuralNetConfiguration conf) {
    // Scores of all layers are then means over examples, whatever the configuration says
    // (BaseOutputLayer.computeScore asks, LossLayer does not); the server divides gradients.
    conf.setMiniBatch(true);
    // A helper that fails must not be replaced silently by kernels with other bits.
    if (conf.getLayer() instanceof ConvolutionLayer layer) {
      layer.setCudnnAllowFallback(false);
    } else if (conf.getLayer() instanceof SubsamplingLayer layer) {
      layer.setCudnnAllowFallback(false);
    } else if (conf.getLayer() instanceof BatchNormalization layer) {
      layer.setCudnnAllowFallback(false);
    }
    Regularizations.remove(conf.getLayer());
    WeightedLoss.install(conf.getLayer());
  }

  @Override
  public int parameterCount() {
    return parameters.length();
  }

  @Override
  public void setParameters(float[] theta) {
    if (theta.length != parameters.length()) {
      throw new IllegalArgumentException(
          "theta length=" + theta.length + " != parameters=" + parameters.length());
    }
    parameters.write(theta);
  }

  @Override
  public ExampleSums gradient(MicroBatch batch, Position at, float[] gradient) {
    if (gradient.length != gradients.length()) {
      throw new IllegalArgumentException(
          "gradient length=" + gradient.length + " != parameters=" + gradients.length());
    }
    network.count(Math.toIntExact(at.step()), at.epoch());
    Network.Batch arrays = bind(batch);
    // The long overload: setSeed(int[]) ends in seed 0.
    Nd4j.getRandom().setSeed(NativeSeed.of(at.seed()));
    weigh(arrays.weights());
    double meanLoss = network.computeGradient(arrays) - network.regularization();
    gradients.read(gradient);
    weighStatistics(gradient, batch.examples());
    return new ExampleSums(batch.examples(), meanLoss * batch.examples());
  }

  /** Labels masks could not carry weights: DL4J multiplies activations by them, too. */
  private void weigh(INDArray[] weights) {
    List<Layer> outputs = network.outputs();
    for (int i = 0; i < outputs.size(); i++) {
      WeightedLoss.of(outputs.get(i)).weigh(weights == null ? null : weights[i]);
    }
  }

  /** The server divides by the number of examples; DL4J would not divide these. */
  private void weighStatistics(float[] gradient, int examples) {
    for (ParameterBlocks.Entry entry : statistics) {
      for (int i = entry.block().offset(); i < entry.block().end(); i++) {
        gradient[i] *= examples;
      }
    }
  }

  @Override
  public ExampleSums score(MicroBatch batch) {
    Network.Batch arrays = bind(batch);
    weigh(arrays.weights());
    double meanLoss = network.score(arrays) - network.regularization();
    return new ExampleSums(batch.examples(), meanLoss * batch.examples());
  }

  @Override
  public List<float[]> predict(MicroBatch batch) {
    INDArray[] outputs = network.output(bind(batch));
    return Arrays.stream(outputs).map(Dl4jReplica::rowMajor).toList();
  }

  private static float[] rowMajor(INDArray array) {
    float[] values = new float[Math.toIntExact(array.length())];
    INDArray copy = array.dup('c');
    new NativeFloats(copy).read(values);
    copy.close();
    if (array.closeable()) {
      array.close();
    }
    return values;
  }

  private Network.Batch bind(MicroBatch batch) {
    List<TensorSpec> tensors = batch.tensors();
    if (binding == null || !binding.isFor(tensors)) {
      if (binding != null) {
        binding.close();
      }
      binding = new TensorBinding(shape, tensors);
    }
    return binding.bind(batch);
  }

  @Override
  public void close() {
    if (binding != null) {
      binding.close();
      binding = null;
    }
    network.close();
  }
}
