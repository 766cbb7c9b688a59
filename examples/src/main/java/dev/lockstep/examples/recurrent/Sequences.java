package dev.lockstep.examples.recurrent;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Sequences of five steps of ten inputs, each with one number to foretell. */
final class Sequences {

  static final int INPUTS = 10;
  static final int STEPS = 5;

  private Sequences() {}

  /**
   * Normal noise, of which the first input counts, later steps more than earlier ones; one label in
   * fifty is wild, twenty times too large.
   *
   * @return features of shape {@code [count, 10, 5]}, labels of shape {@code [count, 1]}
   */
  static DataSet withWildLabels(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][][] inputs = new float[count][INPUTS][STEPS];
    float[][] labels = new float[count][1];
    for (int i = 0; i < count; i++) {
      for (int step = 0; step < STEPS; step++) {
        for (int input = 0; input < INPUTS; input++) {
          inputs[i][input][step] = (float) random.nextGaussian();
        }
        labels[i][0] = 0.5f * labels[i][0] + inputs[i][0][step];
      }
      if (random.nextInt(50) == 0) {
        labels[i][0] *= 20;
      }
    }
    return new DataSet(Nd4j.create(inputs), Nd4j.create(labels));
  }

  /**
   * A series, standardized, as windows: 50 values as five steps of ten, the next value to foretell.
   *
   * @param file CSV with a header, two columns: day and value; named for messages
   * @throws IllegalArgumentException if there are too few values, or one is no number
   */
  static DataSet ofDailyValues(JavaSparkContext spark, String file) {
    double[] days =
        SparkSession.builder()
            .sparkContext(spark.sc())
            .getOrCreate()
            .read()
            .option("header", true)
            .csv(file)
            .toDF("day", "value")
            .selectExpr("try_cast(value AS DOUBLE)")
            .toJavaRDD()
            .map(row -> row.isNullAt(0) ? Double.NaN : row.getDouble(0))
            .collect()
            .stream()
            .mapToDouble(Double::doubleValue)
            .toArray();
    int window = INPUTS * STEPS;
    int missing = (int) Arrays.stream(days).filter(Double::isNaN).count();
    double mean = Arrays.stream(days).average().orElse(0);
    double deviation =
        Math.sqrt(Arrays.stream(days).map(d -> (d - mean) * (d - mean)).average().orElse(0));
    if (days.length <= window || missing > 0 || deviation == 0) {
      throw new IllegalArgumentException(
          file
              + ": values="
              + days.length
              + ", of which no number="
              + missing
              + ": give more than "
              + window
              + " numbers, not all the same, in the second column below a header");
    }
    int count = days.length - window;
    float[][][] inputs = new float[count][INPUTS][STEPS];
    float[][] labels = new float[count][1];
    for (int i = 0; i < count; i++) {
      for (int day = 0; day < window; day++) {
        inputs[i][day % INPUTS][day / INPUTS] = (float) ((days[i + day] - mean) / deviation);
      }
      labels[i][0] = (float) ((days[i + window] - mean) / deviation);
    }
    return new DataSet(Nd4j.create(inputs), Nd4j.create(labels));
  }
}
