package dev.lockstep.examples.recurrent;

import java.util.List;
import java.util.SplittableRandom;
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
   * A series, standardised, as windows: 50 values as five steps of ten, the next value to foretell.
   *
   * @param file CSV with a header, two columns: day and value
   */
  static DataSet ofDailyValues(SparkSession spark, String file) {
    List<Double> days =
        spark
            .read()
            .option("header", true)
            .csv(file)
            .toJavaRDD()
            .map(row -> Double.valueOf(row.getString(1)))
            .collect();
    double mean = days.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    double deviation =
        Math.sqrt(days.stream().mapToDouble(d -> (d - mean) * (d - mean)).average().orElseThrow());
    int window = INPUTS * STEPS;
    int count = days.size() - window;
    float[][][] inputs = new float[count][INPUTS][STEPS];
    float[][] labels = new float[count][1];
    for (int i = 0; i < count; i++) {
      for (int day = 0; day < window; day++) {
        inputs[i][day % INPUTS][day / INPUTS] = (float) ((days.get(i + day) - mean) / deviation);
      }
      labels[i][0] = (float) ((days.get(i + window) - mean) / deviation);
    }
    return new DataSet(Nd4j.create(inputs), Nd4j.create(labels));
  }
}
