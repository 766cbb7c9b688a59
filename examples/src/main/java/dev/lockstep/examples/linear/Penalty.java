package dev.lockstep.examples.linear;

import dev.lockstep.examples.lab.Samples;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.report.page.Series;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a fit of y = 5x + 7 pays for its slope.
 *
 * @param text for legends
 * @param l1 coefficient of |w|
 * @param l2 coefficient of w²/2
 */
record Penalty(String text, double l1, double l2) {

  static final int DRAWS = 200;

  private static final double NOISE = 0.25;

  /** Of {@link #row}. */
  static final List<String> HEADER =
      List.of("", "w", "w computed", "b", "b computed", "5 − w", "7 − b", "deviation of w");

  /** 256 points with noise of 1/4. */
  static DataSet draw(long seed) {
    return Samples.of(x -> 5 * x + 7, NOISE, 256, -1, 1, seed);
  }

  /** Of every hundredth epoch, and the first. */
  Series losses(TrainingResult result) {
    List<EpochMetrics> some =
        result.metrics().epochs().stream()
            .filter(each -> each.epoch() == 1 || each.epoch() % 100 == 0)
            .toList();
    return Series.of(text, some, EpochMetrics::epoch, EpochMetrics::meanLoss);
  }

  /** The same x with other noise. */
  private static DataSet redraw(DataSet points, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    INDArray x = points.getFeatures();
    float[][] y = new float[(int) x.length()][1];
    for (int i = 0; i < y.length; i++) {
      y[i][0] = (float) (5 * x.getDouble(i) + 7 + NOISE * random.nextGaussian());
    }
    return new DataSet(x, Nd4j.create(y));
  }

  /** What was trained, the closed form, and the deviation of its slope over other draws. */
  List<String> row(double w, double b, long seed) {
    DataSet points = draw(seed);
    LeastSquares computed = LeastSquares.of(points, l1, l2);
    double[] slopes =
        LongStream.rangeClosed(1, DRAWS)
            .mapToDouble(i -> LeastSquares.of(redraw(points, seed + i), l1, l2).w())
            .toArray();
    double mean = Arrays.stream(slopes).average().orElseThrow();
    double variance =
        Arrays.stream(slopes).map(slope -> (slope - mean) * (slope - mean)).average().orElseThrow();
    return Stream.concat(
            Stream.of(text),
            DoubleStream.of(w, computed.w(), b, computed.b(), 5 - w, 7 - b, Math.sqrt(variance))
                .mapToObj(value -> String.format(Locale.ROOT, "%.4f", value)))
        .toList();
  }
}
