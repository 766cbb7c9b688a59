package dev.lockstep.examples.digits;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class DigitGeneratorTest {

  private static final int TRAIN = 20_000;
  private static final int TEST = 4_000;
  private static final int BATCH = 64;

  @Test
  void anImageDependsOnSeedAndIndexAlone() {
    Digit alone = new DigitGenerator(7).digit(1234);
    DigitGenerator again = new DigitGenerator(7);
    again.digit(3);

    assertEquals(alone.label(), again.digit(1234).label());
    assertArrayEquals(alone.image(), again.digit(1234).image());
    assertFalse(Arrays.equals(alone.image(), again.digit(1235).image()));
    assertFalse(Arrays.equals(alone.image(), new DigitGenerator(8).digit(1234).image()));
  }

  @Test
  void imagesAreTheSameInEveryVersion() {
    DigitGenerator generator = new DigitGenerator(42);
    int hash = 1;
    for (int i = 0; i < 100; i++) {
      Digit digit = generator.digit(i);
      hash = 31 * (31 * hash + digit.label()) + Arrays.hashCode(digit.image());
    }
    assertEquals(322101142, hash);
  }

  @Test
  void everyDigitIsAsFrequentAsTheOthers() {
    DigitGenerator generator = new DigitGenerator(1);
    int[] counts = new int[10];
    for (int i = 0; i < 5_000; i++) {
      counts[generator.digit(i).label()]++;
    }
    for (int count : counts) {
      assertTrue(count > 400 && count < 600, Arrays.toString(counts));
    }
  }

  @Test
  @Tag("nightly")
  @Timeout(300)
  void needsMoreThanOneLayer() {
    DataSet train = digits(0, TRAIN);
    DataSet test = digits(TRAIN, TRAIN + TEST);

    // Until its accuracy no longer rises.
    double linear = accuracy(linear(), 15, train, test);
    double mlp = accuracy(mlp(), 5, train, test);

    assertTrue(linear <= 0.88, "linear " + linear);
    assertTrue(mlp >= 0.96, "MLP " + mlp);
  }

  private static MultiLayerNetwork linear() {
    return new MultiLayerNetwork(
        new NeuralNetConfiguration.Builder()
            .seed(1)
            .updater(new Adam(1e-3))
            .list()
            .layer(output(Digit.SIZE * Digit.SIZE))
            .build());
  }

  private static MultiLayerNetwork mlp() {
    return new MultiLayerNetwork(
        new NeuralNetConfiguration.Builder()
            .seed(1)
            .updater(new Adam(1e-3))
            .activation(Activation.RELU)
            .list()
            .layer(new DenseLayer.Builder().nIn(Digit.SIZE * Digit.SIZE).nOut(256).build())
            .layer(new DenseLayer.Builder().nIn(256).nOut(128).build())
            .layer(output(128))
            .build());
  }

  private static OutputLayer output(int inputs) {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nIn(inputs)
        .nOut(10)
        .activation(Activation.SOFTMAX)
        .build();
  }

  private static double accuracy(
      MultiLayerNetwork network, int epochs, DataSet train, DataSet test) {
    network.init();
    for (int epoch = 0; epoch < epochs; epoch++) {
      for (int from = 0; from + BATCH <= TRAIN; from += BATCH) {
        network.fit(
            train.getFeatures().get(NDArrayIndex.interval(from, from + BATCH)),
            train.getLabels().get(NDArrayIndex.interval(from, from + BATCH)));
      }
    }
    INDArray guessed = network.output(test.getFeatures()).argMax(1);
    INDArray right = test.getLabels().argMax(1);
    int hits = 0;
    for (int i = 0; i < TEST; i++) {
      hits += guessed.getInt(i) == right.getInt(i) ? 1 : 0;
    }
    return (double) hits / TEST;
  }

  private static DataSet digits(int from, int to) {
    DigitGenerator generator = new DigitGenerator(42);
    float[] pixels = new float[(to - from) * Digit.SIZE * Digit.SIZE];
    float[] labels = new float[(to - from) * 10];
    for (int i = from; i < to; i++) {
      Digit digit = generator.digit(i);
      int at = (i - from) * Digit.SIZE * Digit.SIZE;
      for (byte gray : digit.image()) {
        pixels[at++] = (gray & 0xFF) / 255f;
      }
      labels[(i - from) * 10 + digit.label()] = 1;
    }
    return new DataSet(
        Nd4j.create(pixels, new int[] {to - from, Digit.SIZE * Digit.SIZE}),
        Nd4j.create(labels, new int[] {to - from, 10}));
  }
}
