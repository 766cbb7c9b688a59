package dev.lockstep.trainer.model.replica;

import java.lang.reflect.Field;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.layers.convolution.ConvolutionLayer;
import org.deeplearning4j.nn.layers.convolution.subsampling.SubsamplingLayer;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNBatchNormHelper;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNConvHelper;
import org.deeplearning4j.nn.layers.mkldnn.MKLDNNSubsamplingHelper;
import org.deeplearning4j.nn.layers.normalization.BatchNormalization;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Switches on the oneDNN helpers that DL4J 1.0.0-M2.1 ships and never uses: they are disabled by a
 * property's default (HelperUtils.createHelper), and the check behind it asks for a class that has
 * moved (BaseMKLDNNHelper.mklDnnEnabled). So the replica puts them into the layers' {@code helper}
 * field itself.
 */
final class OneDnnKernels {

  private OneDnnKernels() {}

  /** Gives each layer that has one its helper. Call only where the loaded natives have oneDNN. */
  static void install(Layer[] layers) {
    for (Layer layer : layers) {
      // The exact classes: subclasses (1D, deconvolution, depthwise …) compute something else.
      if (layer.getClass() == ConvolutionLayer.class) {
        set(ConvolutionLayer.class, layer, new MKLDNNConvHelper(DataType.FLOAT));
      } else if (layer.getClass() == SubsamplingLayer.class) {
        set(SubsamplingLayer.class, layer, new MKLDNNSubsamplingHelper(DataType.FLOAT));
      } else if (layer.getClass() == BatchNormalization.class && fits(layer.conf())) {
        set(BatchNormalization.class, layer, new MKLDNNBatchNormHelper(DataType.FLOAT));
      }
    }
  }

  /** The helper's own condition, as DL4J asks it before using one. */
  private static boolean fits(NeuralNetConfiguration conf) {
    return !((org.deeplearning4j.nn.conf.layers.BatchNormalization) conf.getLayer())
        .isLockGammaBeta();
  }

  private static void set(Class<?> type, Layer layer, Object helper) {
    try {
      Field field = type.getDeclaredField("helper");
      field.setAccessible(true);
      field.set(layer, helper);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          type.getName() + ".helper is not there: this DL4J is not 1.0.0-M2.1", e);
    }
  }
}
