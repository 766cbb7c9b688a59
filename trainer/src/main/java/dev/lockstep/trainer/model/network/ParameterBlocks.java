package dev.lockstep.trainer.model.network;

import dev.lockstep.ps.layout.Block;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Trainable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The blocks of θ, found as DL4J's own updater finds them (BaseMultiLayerUpdater's constructor):
 * layers in flattened order, parameters in the order of the layer's table.
 */
public final class ParameterBlocks {

  /** A block with the DL4J objects that say how it is updated. */
  public record Entry(Block block, Trainable trainable, String parameter) {

    /** Whether its "gradient" is an update of a running statistic (batch normalization). */
    public boolean isStatistic() {
      return !trainable.updaterDivideByMinibatch(parameter);
    }

    private boolean isWeight() {
      if (trainable instanceof Layer layer) {
        var conf = layer.conf().getLayer();
        return conf.initializer().isWeightParam(conf, parameter);
      }
      return true;
    }
  }

  /** Blocks that are no weights: biases, and gains and offsets of normalization. */
  static Set<String> vectors(List<Entry> entries) {
    return entries.stream()
        .filter(entry -> !entry.isWeight())
        .map(entry -> entry.block().name())
        .collect(Collectors.toUnmodifiableSet());
  }

  private ParameterBlocks() {}

  public static List<Entry> of(Network network) {
    List<Entry> entries = new ArrayList<>();
    int offset = 0;
    for (Network.Part part : network.parts()) {
      for (Map.Entry<String, INDArray> parameter : part.trainable().paramTable(false).entrySet()) {
        int length = Math.toIntExact(parameter.getValue().length());
        if (length > 0) {
          entries.add(
              new Entry(
                  new Block(part.name() + "_" + parameter.getKey(), part.index(), offset, length),
                  part.trainable(),
                  parameter.getKey()));
          offset += length;
        }
      }
    }
    if (offset != network.parameters().length()) {
      throw new IllegalStateException(
          "blocks cover "
              + offset
              + " of "
              + network.parameters().length()
              + " parameters: a layer keeps parameters outside its table");
    }
    return entries;
  }
}
