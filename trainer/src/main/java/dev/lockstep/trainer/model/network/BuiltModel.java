package dev.lockstep.trainer.model.network;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.UnsupportedModelException;
import dev.lockstep.trainer.model.array.NativeFloats;
import java.util.List;
import java.util.Set;

/**
 * What the driver asks of a model's DL4J network. The network is built once, read and closed. Holds
 * P floats; immutable, except that {@link #initialParameters} is not copied.
 */
public final class BuiltModel {
  private final UpdateRules rules;
  private final Set<String> vectorBlocks;
  private final float[] initialParameters;

  private BuiltModel(Network network) {
    List<ParameterBlocks.Entry> entries = ParameterBlocks.of(network);
    this.rules = UpdateRules.of(network, entries);
    this.vectorBlocks = ParameterBlocks.vectors(entries);
    this.initialParameters = new float[Math.toIntExact(network.parameters().length())];
    new NativeFloats(network.parameters()).read(initialParameters);
  }

  /**
   * Builds the network.
   *
   * @param seed of the initial parameters, in place of the configuration's own seed
   */
  public static BuiltModel of(ModelDefinition definition, long seed) {
    try (Network network = Networks.initialized(definition, seed)) {
      return new BuiltModel(network);
    }
  }

  /** Length P of θ. */
  public int parameterCount() {
    return initialParameters.length;
  }

  /**
   * How the parameter server updates θ: its blocks, and what DL4J's layers say of each.
   *
   * @param clipping Lockstep's own; {@link Clipping.None} where the model brings DL4J's gradient
   *     normalization
   * @throws UnsupportedModelException naming each updater, schedule or regularization that is not
   *     supported
   */
  public UpdatePlan updatePlan(Clipping clipping) {
    return rules.plan(clipping);
  }

  /** Names of the blocks that hold biases, or gains and offsets of normalization. */
  public Set<String> vectorBlocks() {
    return vectorBlocks;
  }

  /** Parameters as DL4J's own initialization makes them: P floats, not copied. */
  public float[] initialParameters() {
    return initialParameters;
  }
}
