package dev.lockstep.examples.lab;

import dev.lockstep.trainer.report.page.Series;
import java.util.SplittableRandom;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Noisy samples of functions: pure functions of their arguments. */
public final class Samples {

  private Samples() {}

  /**
   * y = f(x) + noise at x drawn evenly from [from, to).
   *
   * @param noise standard deviation of the Gaussian noise
   * @return features and labels, each of shape {@code [count, 1]}
   */
  public static DataSet of(
      DoubleUnaryOperator f, double noise, int count, double from, double to, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] x = new float[count][1];
    float[][] y = new float[count][1];
    for (int i = 0; i < count; i++) {
      double at = random.nextDouble(from, to);
      x[i][0] = (float) at;
      y[i][0] = (float) (f.applyAsDouble(at) + noise * random.nextGaussian());
    }
    return new DataSet(Nd4j.create(x), Nd4j.create(y));
  }

  /** Samples of one variable as the points of a chart. */
  public static Series series(String name, DataSet samples) {
    return Series.of(
        name, samples.getFeatures().toDoubleVector(), samples.getLabels().toDoubleVector());
  }

  /**
   * z = f(x, y) + noise at points drawn evenly from [0, 1)².
   *
   * @param noise standard deviation of the Gaussian noise
   * @return features of shape {@code [count, 2]}, labels of shape {@code [count, 1]}
   */
  public static DataSet ofSquare(DoubleBinaryOperator f, double noise, int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] points = new float[count][2];
    float[][] z = new float[count][1];
    for (int i = 0; i < count; i++) {
      double x = random.nextDouble();
      double y = random.nextDouble();
      points[i] = new float[] {(float) x, (float) y};
      z[i][0] = (float) (f.applyAsDouble(x, y) + noise * random.nextGaussian());
    }
    return new DataSet(Nd4j.create(points), Nd4j.create(z));
  }
}
