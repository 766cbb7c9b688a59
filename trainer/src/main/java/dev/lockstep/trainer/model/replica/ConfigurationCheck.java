package dev.lockstep.trainer.model.replica;

import dev.lockstep.trainer.model.ModelDefinition;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.AbstractLSTM;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffVertex;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.deeplearning4j.nn.conf.stepfunctions.NegativeDefaultStepFunction;
import org.deeplearning4j.nn.conf.stepfunctions.NegativeGradientStepFunction;
import org.deeplearning4j.nn.conf.stepfunctions.StepFunction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossFMeasure;

/** Collects what Lockstep does not support in a DL4J configuration. */
final class ConfigurationCheck {
  private final int virtualWorkers;
  private final boolean masked;
  private final List<String> problems = new ArrayList<>();

  /**
   * A check for V virtual workers.
   *
   * @param masked whether sequences are padded
   */
  ConfigurationCheck(int virtualWorkers, boolean masked) {
    this.virtualWorkers = virtualWorkers;
    this.masked = masked;
  }

  /** All problems of a model's configuration. */
  List<String> problems(ModelDefinition definition) {
    if (definition.kind() == ModelDefinition.Kind.MULTI_LAYER_NETWORK) {
      check(definition.multiLayer());
    } else {
      check(definition.graph());
    }
    return problems;
  }

  private void check(MultiLayerConfiguration configuration) {
    common(configuration.getBackpropType(), configuration.getDataType());
    List<NeuralNetConfiguration> confs = configuration.getConfs();
    for (int i = 0; i < confs.size(); i++) {
      check("layer " + i, confs.get(i));
    }
    output("the last layer", confs.get(confs.size() - 1).getLayer());
  }

  private void check(ComputationGraphConfiguration configuration) {
    common(configuration.getBackpropType(), configuration.getDataType());
    configuration
        .getVertices()
        .forEach(
            (name, vertex) -> {
              if (vertex instanceof LayerVertex layer) {
                check("layer " + name, layer.getLayerConf());
              } else if (vertex instanceof FrozenVertex) {
                frozen("vertex " + name);
              } else if (vertex instanceof SameDiffVertex || vertex instanceof AttentionVertex) {
                sameDiff("vertex " + name, vertex);
              }
            });
    for (String name : configuration.getNetworkOutputs()) {
      GraphVertex vertex = configuration.getVertices().get(name);
      output(
          "output " + name,
          vertex instanceof LayerVertex layer ? layer.getLayerConf().getLayer() : null);
    }
  }

  private void common(BackpropType backprop, DataType type) {
    if (backprop == BackpropType.TruncatedBPTT) {
      problems.add(
          "backpropType=TruncatedBPTT is not supported: use BackpropType.Standard on shorter"
              + " sequences");
    }
    if (type != DataType.FLOAT) {
      problems.add("dataType=" + type + " is not supported: use DataType.FLOAT");
    }
  }

  private void check(String where, NeuralNetConfiguration conf) {
    OptimizationAlgorithm algorithm = conf.getOptimizationAlgo();
    if (algorithm != null && algorithm != OptimizationAlgorithm.STOCHASTIC_GRADIENT_DESCENT) {
      problems.add(
          where
              + ": optimizationAlgo="
              + algorithm
              + " is not supported: use STOCHASTIC_GRADIENT_DESCENT with an updater");
    }
    StepFunction step = conf.getStepFunction();
    if (step != null
        && !(step instanceof NegativeGradientStepFunction)
        && !(step instanceof NegativeDefaultStepFunction)) {
      problems.add(
          where
              + ": stepFunction="
              + step.getClass().getSimpleName()
              + " is not supported: leave the default");
    }
    check(where, conf.getLayer());
  }

  private void check(String where, Layer layer) {
    if (layer.getConstraints() != null && !layer.getConstraints().isEmpty()) {
      problems.add(
          where + ": constraints are not supported: remove them, or use l2 or weightDecay");
    }
    if (layer instanceof BasePretrainNetwork) {
      problems.add(
          where
              + ": "
              + layer.getClass().getSimpleName()
              + " is trained layer by layer (pretrain), which is not supported: train it with DL4J"
              + " and carry its weights over, or use a DenseLayer");
    }
    if (layer instanceof BaseLayer base && base.getWeightNoise() != null) {
      problems.add(
          where
              + ": weight noise "
              + base.getWeightNoise().getClass().getSimpleName()
              + " is not supported: use dropout");
    }
    if (layer instanceof FrozenLayer || layer instanceof FrozenLayerWithBackprop) {
      frozen(where);
    }
    if (layer instanceof AbstractSameDiffLayer) {
      sameDiff(where, layer);
    }
    if (layer instanceof CenterLossOutputLayer || layer instanceof OCNNOutputLayer) {
      problems.add(
          where
              + ": "
              + layer.getClass().getSimpleName()
              + " couples the examples of a batch, which is not supported: use an OutputLayer");
    }
    ILossFunction loss = loss(layer);
    if (loss instanceof LossFMeasure && virtualWorkers > 1) {
      problems.add(
          where
              + ": LossFMeasure couples the examples of a batch, with virtualWorkers="
              + virtualWorkers
              + " > 1 it would be another loss: use LossBinaryXENT or"
              + " --virtual-workers 1");
    }
    if (layer instanceof BaseWrapperLayer wrapper) {
      check(where, wrapper.getUnderlying());
    } else if (layer instanceof Bidirectional both) {
      if (masked && both.getFwd() instanceof AbstractLSTM) {
        // Its backward half meets the padding first (LSTM.feedForwardMaskArray keeps no mask).
        problems.add(
            where
                + ": a Bidirectional "
                + both.getFwd().getClass().getSimpleName()
                + " does not mask its padding in DL4J: use Bidirectional(SimpleRnn), or sequences"
                + " of one length without a FEATURES_MASK");
      }
      check(where, both.getFwd());
    }
  }

  private void frozen(String where) {
    problems.add(where + ": frozen layers are not supported: remove FrozenLayer");
  }

  private void sameDiff(String where, Object what) {
    problems.add(
        where
            + ": "
            + what.getClass().getSimpleName()
            + " is made with SameDiff, which is not supported: use another layer");
  }

  private void output(String where, Layer layer) {
    if (layer == null || loss(layer) == null) {
      problems.add(
          where + " has no loss: end the model in an OutputLayer, RnnOutputLayer or LossLayer");
    }
  }

  private static ILossFunction loss(Layer layer) {
    if (layer instanceof BaseOutputLayer output) {
      return output.getLossFn();
    }
    if (layer instanceof LossLayer output) {
      return output.getLossFn();
    }
    if (layer instanceof RnnLossLayer output) {
      return output.getLossFn();
    }
    if (layer instanceof CnnLossLayer output) {
      return output.getLossFn();
    }
    if (layer instanceof Cnn3DLossLayer output) {
      return output.getLossFn();
    }
    return null;
  }
}
