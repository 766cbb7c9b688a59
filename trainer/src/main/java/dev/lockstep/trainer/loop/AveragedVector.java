package dev.lockstep.trainer.loop;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.optim.UpdateRule.WeightDecayScaling;
import dev.lockstep.ps.schedule.Schedule;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What travels in mode {@code averaging}: θ, and behind it the vectors of the local optimizer's
 * state that are averaged too.
 *
 * <pre>
 *   | θ: P floats | state vector 0: P floats | state vector 1: P floats | …
 * </pre>
 *
 * Of θ a virtual worker pushes {@code n_v * (θ - θ_v)}, a "gradient" for the outer optimizer; of a
 * state {@code -n_v * s_v}. Crosses from driver to executors.
 *
 * @param local the model's own plan, which every virtual worker follows
 * @param stateVectors that travel: those of the plan, or 0 where each virtual worker keeps its own
 */
public record AveragedVector(UpdatePlan local, int stateVectors) implements Serializable {

  /** Checks that the vector has a length. */
  public AveragedVector {
    long length = (1L + stateVectors) * local.layout().parameters();
    if (length > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "parameters="
              + local.layout().parameters()
              + " with "
              + stateVectors
              + " averaged state vectors are more than 2^31 numbers: keep the optimizer's state"
              + " local with --local-state kept");
    }
  }

  /** P. */
  public int parameters() {
    return local.layout().parameters();
  }

  /** Length of the vector. */
  public int length() {
    return (1 + stateVectors) * parameters();
  }

  /** Where a state vector begins. */
  int stateBegin(int k) {
    return (1 + k) * parameters();
  }

  /**
   * Puts a vector together.
   *
   * @param theta length P
   * @param state at least as many vectors of length P as travel
   */
  public float[] compose(float[] theta, float[][] state) {
    float[] vector = Arrays.copyOf(theta, length());
    for (int k = 0; k < stateVectors; k++) {
      System.arraycopy(state[k], 0, vector, stateBegin(k), parameters());
    }
    return vector;
  }

  /** Reads a range of one of a model's vectors; 0 is θ, k + 1 is vector k of its optimizer. */
  @FunctionalInterface
  public interface VectorReader {
    float[] read(int vector, int begin, int end) throws IOException;
  }

  /**
   * Puts a range of the vector together, reading no more than that.
   *
   * @param begin first element
   * @param end one after the last
   */
  public float[] range(int begin, int end, VectorReader model) throws IOException {
    float[] range = new float[end - begin];
    for (int k = 0; k <= stateVectors; k++) {
      int first = k * parameters();
      int from = Math.max(begin, first);
      int to = Math.min(end, first + parameters());
      if (from < to) {
        float[] read = model.read(k, from - first, to - first);
        System.arraycopy(read, 0, range, from - begin, to - from);
      }
    }
    return range;
  }

  /** θ of a vector. */
  public float[] theta(float[] vector) {
    return Arrays.copyOf(vector, parameters());
  }

  /** The state vectors of a vector. */
  public float[][] state(float[] vector) {
    float[][] state = new float[stateVectors][];
    for (int k = 0; k < stateVectors; k++) {
      state[k] = Arrays.copyOfRange(vector, stateBegin(k), stateBegin(k) + parameters());
    }
    return state;
  }

  /**
   * How the servers update the vector: parameters by the outer optimizer, statistics and state to
   * their mean.
   *
   * @param outer sees the mean of {@code θ - θ_v}, weighted by examples, as gradient
   */
  public UpdatePlan serverPlan(OptimizerSpec outer) {
    List<Block> blocks = new ArrayList<>(local.layout().blocks());
    List<UpdateRule> rules = new ArrayList<>();
    for (UpdateRule rule : local.rules()) {
      boolean isStatistic = rule.optimizer() instanceof OptimizerSpec.Assign;
      rules.add(UpdateRule.of(isStatistic ? new OptimizerSpec.Assign() : outer));
    }
    int layer = blocks.get(blocks.size() - 1).layer() + 1;
    for (int k = 0; k < stateVectors; k++) {
      blocks.add(new Block("optimizer state " + k, layer, stateBegin(k), parameters()));
      rules.add(mean());
    }
    return new UpdatePlan(new ParameterLayout(blocks), rules, new Clipping.None());
  }

  /**
   * {@code s' = s - (s + g)} with {@code g = -mean(s_v)}. Not {@code s - mean(s - s_v)}: rounding
   * could make that negative where all s_v are not, and optimizers take square roots of it.
   */
  private static UpdateRule mean() {
    return UpdateRule.of(new Dl4jOptimizer.NoOp())
        .withWeightDecay(Schedule.fixed(1), WeightDecayScaling.NONE);
  }
}
