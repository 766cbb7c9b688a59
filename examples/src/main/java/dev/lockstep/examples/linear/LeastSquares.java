package dev.lockstep.examples.linear;

import java.util.Arrays;
import org.nd4j.linalg.dataset.DataSet;

/**
 * The line at which training should end, in closed form: where the mean squared error plus DL4J's
 * penalties of the slope, {@code l1 * |w| + l2 * w² / 2}, is lowest. With sxx the variance of x and
 * sxy its covariance with y, both divided by the count, the derivative {@code 2 * (sxx * w - sxy) +
 * l1 * sign(w) + l2 * w} is 0 at {@code w = sign(sxy) * max(|sxy| - l1 / 2, 0) / (sxx + l2 / 2)}.
 *
 * @param w slope
 * @param b intercept, which has no penalty: the line goes through the mean point
 */
record LeastSquares(double w, double b) {

  /**
   * Computes it in float64.
   *
   * @param points features and labels, each of shape {@code [count, 1]}
   * @param l1 coefficient, at least 0
   * @param l2 coefficient, at least 0
   */
  static LeastSquares of(DataSet points, double l1, double l2) {
    double[] x = points.getFeatures().toDoubleVector();
    double[] y = points.getLabels().toDoubleVector();
    double meanX = Arrays.stream(x).average().orElseThrow();
    double meanY = Arrays.stream(y).average().orElseThrow();
    double sxx = 0;
    double sxy = 0;
    for (int i = 0; i < x.length; i++) {
      sxx += (x[i] - meanX) * (x[i] - meanX) / x.length;
      sxy += (x[i] - meanX) * (y[i] - meanY) / x.length;
    }
    double w = Math.signum(sxy) * Math.max(Math.abs(sxy) - l1 / 2, 0) / (sxx + l2 / 2);
    return new LeastSquares(w, meanY - w * meanX);
  }
}
