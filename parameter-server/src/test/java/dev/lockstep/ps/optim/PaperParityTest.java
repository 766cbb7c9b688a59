package dev.lockstep.ps.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.schedule.Dl4jSchedule;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.Schedule.Clock;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

/** Optimizers that PyTorch has not, beside their papers' formulas in float64, over 100 steps. */
class PaperParityTest {

  private static final int STEPS = 100;
  private static final double TOLERANCE = 1e-5;
  private static final Schedule RATE = new Dl4jSchedule.Exponential(Clock.ITERATION, 0.02, 0.99);

  /** A weight matrix over two chunks, one that begins at 0, and a bias. */
  private static final ParameterLayout LAYOUT =
      new ParameterLayout(
          List.of(
              new Block("0_W", 0, 0, 5000),
              new Block("1_W", 1, 5000, 100),
              new Block("1_b", 1, 5100, 10)));

  /** A formula for one block in one step; θ and the state change. */
  @FunctionalInterface
  private interface Formula {
    void step(double[] theta, double[] g, double[] m, double[] v, int t, double rate);
  }

  /** arXiv 2302.06675, algorithm 2. */
  @Test
  void lionIsThatOfChenEtAl() {
    assertTrajectory(
        new Lion(RATE, 0.9, 0.99, 0.1),
        (theta, g, m, v, t, rate) -> {
          for (int i = 0; i < g.length; i++) {
            double c = 0.9 * m[i] + (1 - 0.9) * g[i];
            theta[i] -= rate * (Math.signum(c) + 0.1 * theta[i]);
            m[i] = 0.99 * m[i] + (1 - 0.99) * g[i];
          }
        });
  }

  /** arXiv 1904.00962, algorithm 2. */
  @Test
  void lambIsThatOfYouEtAl() {
    assertTrajectory(
        new Lamb(RATE, 0.9, 0.999, 1e-6, 0.01),
        (theta, g, m, v, t, rate) -> {
          double[] r = new double[g.length];
          for (int i = 0; i < g.length; i++) {
            m[i] = 0.9 * m[i] + (1 - 0.9) * g[i];
            v[i] = 0.999 * v[i] + (1 - 0.999) * g[i] * g[i];
            double mHat = m[i] / (1 - Math.pow(0.9, t));
            double vHat = v[i] / (1 - Math.pow(0.999, t));
            r[i] = mHat / (Math.sqrt(vHat) + 1e-6) + 0.01 * theta[i];
          }
          double trust = norm(theta) == 0 ? 1 : norm(theta) / norm(r);
          for (int i = 0; i < g.length; i++) {
            theta[i] -= rate * trust * r[i];
          }
        });
  }

  /** arXiv 1708.03888, algorithm 1. */
  @Test
  void larsIsThatOfYouGitmanAndGinsburg() {
    assertTrajectory(
        new Lars(RATE, 0.9, 5e-4, 0.02),
        (theta, g, m, v, t, rate) -> {
          double local = norm(theta) == 0 ? 1 : 0.02 * norm(theta) / (norm(g) + 5e-4 * norm(theta));
          for (int i = 0; i < g.length; i++) {
            m[i] = 0.9 * m[i] + rate * local * (g[i] + 5e-4 * theta[i]);
            theta[i] -= m[i];
          }
        });
  }

  private static void assertTrajectory(OptimizerSpec optimizer, Formula formula) {
    UpdatePlan plan = UpdatePlan.uniform(LAYOUT, UpdateRule.of(optimizer), new Clipping.None());
    ShardedOptimizer shards = new ShardedOptimizer(plan, 2, 1000);
    Random random = new Random(1);
    int length = LAYOUT.parameters();
    float[] theta = gaussian(random, length);
    Arrays.fill(theta, 5000, 5100, 0f);
    double[] expected = toDoubles(theta);
    double[] m = new double[length];
    double[] v = new double[length];
    for (int step = 0; step < STEPS; step++) {
      float[] g = gaussian(random, length);
      shards.step(theta, g, 1, StepTime.of(step, 0));
      for (Block block : LAYOUT.blocks()) {
        stepBlock(formula, block, expected, toDoubles(g), m, v, step);
      }
      for (int i = 0; i < length; i++) {
        double tolerance = TOLERANCE * Math.max(0.1, Math.abs(expected[i]));
        assertEquals(expected[i], theta[i], tolerance, "step " + step + " element " + i);
      }
    }
  }

  private static void stepBlock(
      Formula formula, Block block, double[] theta, double[] g, double[] m, double[] v, int step) {
    double[] blockTheta = Arrays.copyOfRange(theta, block.offset(), block.end());
    double[] blockM = Arrays.copyOfRange(m, block.offset(), block.end());
    double[] blockV = Arrays.copyOfRange(v, block.offset(), block.end());
    double[] blockG = Arrays.copyOfRange(g, block.offset(), block.end());
    formula.step(blockTheta, blockG, blockM, blockV, step + 1, RATE.at(step, 0));
    System.arraycopy(blockTheta, 0, theta, block.offset(), block.length());
    System.arraycopy(blockM, 0, m, block.offset(), block.length());
    System.arraycopy(blockV, 0, v, block.offset(), block.length());
  }

  private static double norm(double[] values) {
    return Math.sqrt(DoubleStream.of(values).map(x -> x * x).sum());
  }

  private static double[] toDoubles(float[] values) {
    double[] copy = new double[values.length];
    Arrays.setAll(copy, i -> values[i]);
    return copy;
  }

  private static float[] gaussian(Random random, int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
