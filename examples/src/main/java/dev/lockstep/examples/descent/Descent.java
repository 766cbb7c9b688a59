package dev.lockstep.examples.descent;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * An optimizer by itself: the way that it takes down a function, without data, model or server. The
 * steps are those that a server takes in training, in float32. Immutable; lives where it is used.
 *
 * <pre>{@code
 * Descent descent =
 *     new Descent(Sgd.DEFAULT.withLearningRate(0.1), x -> new float[] {2 * x[0], 4 * x[1]});
 * List<float[]> path = descent.path(50, -10, -10);
 * }</pre>
 *
 * @param optimizer whose schedules count steps; all steps are of one epoch
 * @param gradient of the function, from a point to as many partial derivatives; the point is its to
 *     keep or change, what it returns stays as it is
 */
record Descent(OptimizerSpec optimizer, UnaryOperator<float[]> gradient) {

  /** Checks for null. */
  public Descent {
    Objects.requireNonNull(optimizer, "optimizer");
    Objects.requireNonNull(gradient, "gradient");
  }

  /**
   * Walks, with an optimizer in its initial state.
   *
   * @param steps at least 0
   * @param start coordinates of the first point, at least one; not changed
   * @return {@code steps + 1} points as long as {@code start}, which is the first of them; not
   *     finite where the descent has left the range of float32
   * @throws IllegalArgumentException if the start has no coordinates, or the gradient has not as
   *     many as the start
   */
  public List<float[]> path(int steps, float... start) {
    if (steps < 0 || start.length == 0) {
      throw new IllegalArgumentException(
          "steps=%d and %d coordinates of the start: must be >= 0 and >= 1"
              .formatted(steps, start.length));
    }
    ParameterLayout layout = new ParameterLayout(List.of(new Block("x", 0, 0, start.length)));
    UpdatePlan plan = UpdatePlan.uniform(layout, UpdateRule.of(optimizer), new Clipping.None());
    ShardOptimizer walker = new ShardOptimizer(plan, 0, start.length);
    float[] point = start.clone();
    List<float[]> path = new ArrayList<>(List.of(start.clone()));
    for (int step = 0; step < steps; step++) {
      walker.updateWhole(point, gradientAt(point), 1, StepTime.of(step, 0));
      path.add(point.clone());
    }
    return path;
  }

  /** A copy, for the optimizer consumes it. */
  private float[] gradientAt(float[] point) {
    float[] slope = gradient.apply(point.clone());
    if (slope.length != point.length) {
      throw new IllegalArgumentException(
          "gradient of %d coordinates at a point of %d: return one for each"
              .formatted(slope.length, point.length));
    }
    return slope.clone();
  }
}
