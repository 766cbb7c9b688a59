package dev.lockstep.trainer.model.replica;

import dev.lockstep.trainer.model.UnsupportedModelException;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossFMeasure;

/**
 * A loss whose rows have weights: Σ wᵢ·ℓᵢ, and the gradient of that; DL4J divides by the number of
 * examples, as Keras does. A weight of 2 is the example taken twice.
 *
 * <p>A labels mask that holds weights does something else in DL4J 1.0.0-M2.1: output layers
 * multiply their pre-activations by it ({@code BaseLayer.preOutputWithPreNorm}), and losses of one
 * output column multiply their gradient by it twice ({@code LossUtil.isPerOutputMasking}). Masks of
 * 0 and 1 are right there, but a mask of a single row is not: cross entropy with softmax and cosine
 * proximity throw. So masks with one value per row are applied here, too.
 *
 * <p>Lives in a replica's configuration, which is never written anywhere.
 */
final class WeightedLoss implements ILossFunction {

  private static final long serialVersionUID = 1;

  private final ILossFunction loss;
  private transient INDArray weights;

  private WeightedLoss(ILossFunction loss) {
    this.loss = loss;
  }

  /** Puts one around the loss of an output layer; leaves other layers as they are. */
  static void install(Layer layer) {
    if (layer instanceof BaseOutputLayer output) {
      output.setLossFn(new WeightedLoss(output.getLossFn()));
    } else if (layer instanceof LossLayer output) {
      output.setLossFn(new WeightedLoss(output.getLossFn()));
    } else if (layer instanceof RnnLossLayer output) {
      output.setLossFn(new WeightedLoss(output.getLossFn()));
    } else if (layer instanceof CnnLossLayer output) {
      output.setLossFn(new WeightedLoss(output.getLossFn()));
    } else if (layer instanceof Cnn3DLossLayer output) {
      output.setLossFn(new WeightedLoss(output.getLossFn()));
    }
  }

  /** The loss of a layer of a network in whose configuration it was installed. */
  static WeightedLoss of(org.deeplearning4j.nn.api.Layer layer) {
    Layer configuration = layer.conf().getLayer();
    if (configuration instanceof BaseOutputLayer output) {
      return (WeightedLoss) output.getLossFn();
    }
    if (configuration instanceof LossLayer output) {
      return (WeightedLoss) output.getLossFn();
    }
    if (configuration instanceof RnnLossLayer output) {
      return (WeightedLoss) output.getLossFn();
    }
    if (configuration instanceof CnnLossLayer output) {
      return (WeightedLoss) output.getLossFn();
    }
    return (WeightedLoss) ((Cnn3DLossLayer) configuration).getLossFn();
  }

  /**
   * Sets what the rows of the next batch weigh.
   *
   * @param rows shape {@code [rows, 1]}, in the order of the loss's rows; null for 1 each
   * @throws UnsupportedModelException if the loss is no sum over rows
   */
  void weigh(INDArray rows) {
    if (rows != null && loss instanceof LossFMeasure) {
      throw new UnsupportedModelException(
          List.of(
              "LossFMeasure is no sum over examples, so they cannot have weights: use"
                  + " LossBinaryXENT, or a dataset without WEIGHTS"));
    }
    weights = rows;
  }

  private boolean isPerRow(INDArray labels, INDArray mask) {
    return mask != null
        && mask.rank() == 2
        && mask.size(1) == 1
        && mask.size(0) == labels.size(0)
        && !(loss instanceof LossFMeasure);
  }

  @Override
  public double computeScore(
      INDArray labels,
      INDArray preOutput,
      IActivation activationFn,
      INDArray mask,
      boolean average) {
    if (weights == null && !isPerRow(labels, mask)) {
      return loss.computeScore(labels, preOutput, activationFn, mask, average);
    }
    INDArray rows = computeScoreArray(labels, preOutput, activationFn, mask);
    double sum = rows.sumNumber().doubleValue();
    return average ? sum / labels.size(0) : sum;
  }

  @Override
  public INDArray computeScoreArray(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    boolean perRow = isPerRow(labels, mask);
    INDArray rows = loss.computeScoreArray(labels, preOutput, activationFn, perRow ? null : mask);
    return multiplied(rows, perRow ? mask : null);
  }

  @Override
  public INDArray computeGradient(
      INDArray labels, INDArray preOutput, IActivation activationFn, INDArray mask) {
    boolean perRow = isPerRow(labels, mask);
    INDArray gradient = loss.computeGradient(labels, preOutput, activationFn, perRow ? null : mask);
    return multiplied(gradient, perRow ? mask : null);
  }

  /** Each row times its mask and its weight. */
  private INDArray multiplied(INDArray rows, INDArray mask) {
    if (mask != null) {
      rows.muliColumnVector(mask.castTo(rows.dataType()));
    }
    if (weights != null) {
      rows.muliColumnVector(weights.castTo(rows.dataType()));
    }
    return rows;
  }

  @Override
  public Pair<Double, INDArray> computeGradientAndScore(
      INDArray labels,
      INDArray preOutput,
      IActivation activationFn,
      INDArray mask,
      boolean average) {
    return new Pair<>(
        computeScore(labels, preOutput, activationFn, mask, average),
        computeGradient(labels, preOutput, activationFn, mask));
  }

  @Override
  public String name() {
    return loss.name();
  }
}
