package dev.lockstep.trainer.model.network;

import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.model.array.NativeFloats;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Between the two layouts of optimizer state. Lockstep: one vector of P floats per state vector of
 * the optimizer. DL4J: neighboring blocks with equal updaters form a group, and the groups' states
 * follow each other, each as {@code [first vector | second vector]}:
 *
 * <pre>
 *   θ          | group 0: Adam       | group 1: NoOp | group 2: Nesterovs |
 *   DL4J state | m of 0 | v of 0     | (none)        | v of 2             |
 *   Lockstep   | m of 0              | 0             | v of 2             |   state[0]
 *              | v of 0              | 0             | 0                  |   state[1]
 * </pre>
 */
public final class UpdaterStates {

  private UpdaterStates() {}

  /** Copies an initialized network's parameters and updater state. */
  public static SavedTraining capture(Network network, long iterations, int epochs) {
    float[] theta = floats(network.parameters());
    INDArray view = network.updater().getStateViewArray();
    float[][] state = view == null ? new float[0][] : fromDl4j(network, floats(view));
    return new SavedTraining(theta, state, iterations, epochs);
  }

  /** From DL4J's layout. */
  public static float[][] fromDl4j(Network network, float[] view) {
    int parameters = Math.toIntExact(network.parameters().length());
    float[][] state = new float[vectors(network)][parameters];
    for (UpdaterBlock group : network.updater().getUpdaterBlocks()) {
      int length = group.getParamOffsetEnd() - group.getParamOffsetStart();
      for (int k = 0; k < vectors(group); k++) {
        System.arraycopy(
            view,
            group.getUpdaterViewOffsetStart() + k * length,
            state[k],
            group.getParamOffsetStart(),
            length);
      }
    }
    return state;
  }

  /** Into DL4J's layout: sets the network's updater state. */
  static void restore(Network network, float[][] state) {
    INDArray target = network.updater().getStateViewArray();
    int wanted = vectors(network);
    if (state.length < wanted) {
      throw new IllegalArgumentException(
          "state vectors=" + state.length + " < " + wanted + ", which the model's updaters need");
    }
    if (target == null) {
      return;
    }
    float[] view = new float[Math.toIntExact(target.length())];
    for (UpdaterBlock group : network.updater().getUpdaterBlocks()) {
      int length = group.getParamOffsetEnd() - group.getParamOffsetStart();
      for (int k = 0; k < vectors(group); k++) {
        System.arraycopy(
            state[k],
            group.getParamOffsetStart(),
            view,
            group.getUpdaterViewOffsetStart() + k * length,
            length);
      }
    }
    new NativeFloats(target).write(view);
  }

  /** Length of DL4J's state for this network. */
  public static long length(Network network) {
    INDArray view = network.updater().getStateViewArray();
    return view == null ? 0 : view.length();
  }

  private static int vectors(Network network) {
    return network.updater().getUpdaterBlocks().stream()
        .mapToInt(UpdaterStates::vectors)
        .max()
        .orElse(0);
  }

  private static int vectors(UpdaterBlock group) {
    return (group.getUpdaterViewOffsetEnd() - group.getUpdaterViewOffsetStart())
        / (group.getParamOffsetEnd() - group.getParamOffsetStart());
  }

  private static float[] floats(INDArray array) {
    float[] values = new float[Math.toIntExact(array.length())];
    new NativeFloats(array).read(values);
    return values;
  }
}
