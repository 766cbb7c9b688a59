package dev.lockstep.trainer.model.network;

import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The one small adapter between DL4J's two kinds of network and the rest of the trainer. Used by
 * one thread at a time, like the network behind it.
 */
public interface Network extends AutoCloseable {

  /** A layer or vertex with parameters, in the order in which DL4J flattens them. */
  record Part(int index, String name, Trainable trainable) {}

  /**
   * Arrays of one batch, one per input or output.
   *
   * @param featuresMasks null if there are none
   * @param labelsMasks null if there are none
   * @param weights one column each, with the weight of every row that the output's loss sees; null
   *     if examples have none
   */
  @SuppressWarnings("ArrayRecordComponent") // as DL4J wants them
  record Batch(
      INDArray[] features,
      INDArray[] labels,
      INDArray[] featuresMasks,
      INDArray[] labelsMasks,
      INDArray[] weights) {}

  /** The network itself. */
  Model model();

  /** The flattened parameters: DL4J's own array. */
  INDArray parameters();

  /** The flattened gradient: DL4J's own array. */
  INDArray gradients();

  /** What has parameters, in flattened order. */
  List<Part> parts();

  /** All layers. */
  Layer[] layers();

  /** Those that have the losses, in the order of the outputs. */
  List<Layer> outputs();

  /** The updater, made when first asked for. */
  BaseMultiLayerUpdater<?> updater();

  /** Sets the counts that schedules inside the network read. */
  void count(int iterations, int epochs);

  /** Forward and backward pass; the gradient is then in {@link #gradients()}. Returns the score. */
  double computeGradient(Batch batch);

  /** Score at the parameters as they are, as in inference. */
  double score(Batch batch);

  /** Activations of each output, as in inference. */
  INDArray[] output(Batch batch);

  /**
   * What {@link #computeGradient} and {@link #score} added to the score for L1, L2, weight decay.
   */
  double regularization();

  @Override
  void close();
}
