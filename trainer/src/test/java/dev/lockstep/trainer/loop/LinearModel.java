package dev.lockstep.trainer.loop;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import java.util.List;
import java.util.SplittableRandom;

/** Least squares: the gradient of an example is {@code (θ·x - y) x}. */
final class LinearModel implements GradientSource {

  static final int P = 7;

  private static final List<TensorSpec> TENSORS =
      List.of(
          new TensorSpec("x", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(P)),
          new TensorSpec("y", TensorSpec.Role.LABELS, TensorSpec.Encoding.FLOAT32, List.of(1)));

  private float[] theta;

  /** Random examples of a place in a run. */
  static MicroBatch batch(int epoch, long microBatch, int virtualWorker, int examples) {
    SplittableRandom random =
        new SplittableRandom(1_000_003L * epoch + 1009 * microBatch + virtualWorker);
    float[] x = new float[examples * P];
    float[] y = new float[examples];
    for (int row = 0; row < examples; row++) {
      for (int i = 0; i < P; i++) {
        x[row * P + i] = (float) (random.nextDouble() - 0.5);
        y[row] += x[row * P + i] * (i + 1);
      }
    }
    return new MicroBatch(examples, TENSORS, List.of(x, y));
  }

  /** The gradient sum in float64. */
  static double[] gradient(MicroBatch batch, double[] theta) {
    double[] sum = new double[P];
    for (int row = 0; row < batch.examples(); row++) {
      double error = error(batch, row, theta);
      for (int i = 0; i < P; i++) {
        sum[i] += error * batch.values().get(0)[row * P + i];
      }
    }
    return sum;
  }

  /** Half the squared error, summed. */
  static double loss(MicroBatch batch, double[] theta) {
    double sum = 0;
    for (int row = 0; row < batch.examples(); row++) {
      sum += error(batch, row, theta) * error(batch, row, theta) / 2;
    }
    return sum;
  }

  private static double error(MicroBatch batch, int row, double[] theta) {
    double error = -batch.values().get(1)[row];
    for (int i = 0; i < P; i++) {
      error += theta[i] * batch.values().get(0)[row * P + i];
    }
    return error;
  }

  @Override
  public int parameterCount() {
    return P;
  }

  @Override
  public void setParameters(float[] parameters) {
    if (parameters.length != P) {
      throw new IllegalArgumentException("length=" + parameters.length);
    }
    theta = parameters.clone();
  }

  @Override
  public ExampleSums gradient(MicroBatch batch, Position at, float[] gradient) {
    double[] wide = new double[P];
    for (int i = 0; i < P; i++) {
      wide[i] = theta[i];
    }
    double[] sum = gradient(batch, wide);
    for (int i = 0; i < P; i++) {
      gradient[i] = (float) sum[i];
    }
    return new ExampleSums(batch.examples(), loss(batch, wide));
  }

  @Override
  public void close() {}
}
