package dev.lockstep.trainer.model.network;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

/** {@link ComputationGraph} as a {@link Network}. */
public final class ComputationGraphAdapter implements Network {
  private final ComputationGraph graph;

  public ComputationGraphAdapter(ComputationGraph graph) {
    this.graph = graph;
  }

  @Override
  public Model model() {
    return graph;
  }

  @Override
  public INDArray parameters() {
    return graph.params();
  }

  @Override
  public INDArray gradients() {
    if (graph.getFlattenedGradients() == null) {
      graph.initGradientsView();
    }
    return graph.getFlattenedGradients();
  }

  @Override
  public List<Part> parts() {
    List<Part> parts = new ArrayList<>();
    GraphVertex[] vertices = graph.getVertices();
    for (int index : graph.topologicalSortOrder()) {
      if (vertices[index].numParams() > 0) {
        parts.add(new Part(parts.size(), vertices[index].getVertexName(), vertices[index]));
      }
    }
    return parts;
  }

  @Override
  public Layer[] layers() {
    return graph.getLayers();
  }

  @Override
  public List<Layer> outputs() {
    return IntStream.range(0, graph.getNumOutputArrays()).mapToObj(graph::getOutputLayer).toList();
  }

  @Override
  public BaseMultiLayerUpdater<?> updater() {
    return graph.getUpdater();
  }

  @Override
  public void count(int iterations, int epochs) {
    graph.getConfiguration().setIterationCount(iterations);
    graph.getConfiguration().setEpochCount(epochs);
  }

  @Override
  public double computeGradient(Batch batch) {
    graph.setInputs(batch.features());
    graph.setLabels(batch.labels());
    graph.setLayerMaskArrays(batch.featuresMasks(), batch.labelsMasks());
    graph.computeGradientAndScore();
    graph.clearLayerMaskArrays();
    graph.clearLayersStates();
    return graph.score();
  }

  @Override
  public double score(Batch batch) {
    return graph.score(
        new MultiDataSet(
            batch.features(), batch.labels(), batch.featuresMasks(), batch.labelsMasks()),
        false);
  }

  @Override
  public INDArray[] output(Batch batch) {
    return graph.output(false, batch.features(), batch.featuresMasks(), batch.labelsMasks());
  }

  @Override
  public double regularization() {
    return graph.calcRegularizationScore(true);
  }

  @Override
  public void close() {
    Networks.release(graph.params(), graph.getFlattenedGradients(), graph.getUpdater(false));
  }
}
