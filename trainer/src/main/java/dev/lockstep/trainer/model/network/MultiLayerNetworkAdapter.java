package dev.lockstep.trainer.model.network;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/** {@link MultiLayerNetwork} as a {@link Network}. */
public final class MultiLayerNetworkAdapter implements Network {
  private final MultiLayerNetwork network;

  public MultiLayerNetworkAdapter(MultiLayerNetwork network) {
    this.network = network;
  }

  @Override
  public Model model() {
    return network;
  }

  @Override
  public INDArray parameters() {
    return network.params();
  }

  @Override
  public INDArray gradients() {
    if (network.getFlattenedGradients() == null) {
      network.initGradientsView();
    }
    return network.getFlattenedGradients();
  }

  @Override
  public List<Part> parts() {
    List<Part> parts = new ArrayList<>();
    Layer[] layers = network.getLayers();
    for (int i = 0; i < layers.length; i++) {
      if (layers[i].numParams() > 0) {
        parts.add(new Part(i, Integer.toString(i), layers[i]));
      }
    }
    return parts;
  }

  @Override
  public Layer[] layers() {
    return network.getLayers();
  }

  @Override
  public List<Layer> outputs() {
    return List.of(network.getOutputLayer());
  }

  @Override
  public BaseMultiLayerUpdater<?> updater() {
    return (BaseMultiLayerUpdater<?>) network.getUpdater();
  }

  @Override
  public void count(int iterations, int epochs) {
    network.getLayerWiseConfigurations().setIterationCount(iterations);
    network.getLayerWiseConfigurations().setEpochCount(epochs);
  }

  @Override
  public double computeGradient(Batch batch) {
    network.setInput(batch.features()[0]);
    network.setLabels(batch.labels()[0]);
    network.setLayerMaskArrays(only(batch.featuresMasks()), only(batch.labelsMasks()));
    network.computeGradientAndScore();
    network.clearLayerMaskArrays();
    network.clearLayersStates();
    return network.score();
  }

  @Override
  public double score(Batch batch) {
    return network.score(
        new DataSet(
            batch.features()[0],
            batch.labels()[0],
            only(batch.featuresMasks()),
            only(batch.labelsMasks())),
        false);
  }

  @Override
  public INDArray[] output(Batch batch) {
    return new INDArray[] {
      network.output(
          batch.features()[0], false, only(batch.featuresMasks()), only(batch.labelsMasks()))
    };
  }

  @Override
  public double regularization() {
    return network.calcRegularizationScore(true);
  }

  @Override
  public void close() {
    Networks.release(network.params(), network.getFlattenedGradients(), network.getUpdater(false));
  }

  private static INDArray only(INDArray[] arrays) {
    return arrays == null ? null : arrays[0];
  }
}
