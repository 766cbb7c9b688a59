package dev.lockstep.trainer.model.replica;

import java.util.List;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;

/** Takes L1, L2 and weight decay out of a replica's layers. */
final class Regularizations {

  private Regularizations() {}

  /**
   * The server applies them; in a replica they would only cost a pass over the parameters for a
   * score that is to be without them.
   */
  static void remove(Layer layer) {
    if (layer instanceof BaseLayer base) {
      base.setRegularization(List.of());
      base.setRegularizationBias(List.of());
    } else if (layer instanceof BaseWrapperLayer wrapper) {
      remove(wrapper.getUnderlying());
    } else if (layer instanceof Bidirectional both) {
      remove(both.getFwd());
      remove(both.getBwd());
    }
  }
}
