package dev.lockstep.trainer.model.replica;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.config.ClusterConfig.Kernels;
import dev.lockstep.trainer.loop.GradientSource.ExampleSums;
import dev.lockstep.trainer.loop.GradientSource.Position;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.numeric.LoadedNatives;
import dev.lockstep.trainer.score.EvaluationSums;
import dev.lockstep.trainer.score.Evaluator;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A replica's gradients depend on parameters, examples and seed, and on nothing else. */
class Dl4jReplicaTest {
  private static final List<TensorSpec> IMAGES =
      List.of(Fixtures.features(1, 12, 12), Fixtures.classes(4));
  private static final Position START = new Position(17, 0, 0);

  private static ModelDefinition convolutionalWithDropout(double retain) {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(7)
            .updater(new Adam(1e-3))
            .activation(Activation.TANH)
            .list()
            .layer(new ConvolutionLayer.Builder(3, 3).nOut(6).build())
            .layer(new BatchNormalization())
            .layer(
                new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                    .kernelSize(2, 2)
                    .stride(2, 2)
                    .build())
            .layer(new DenseLayer.Builder().nOut(20).dropOut(retain).build())
            .layer(
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .nOut(4)
                    .activation(Activation.SOFTMAX)
                    .build())
            .setInputType(InputType.convolutional(12, 12, 1))
            .build();
    return ModelDefinition.of(configuration);
  }

  private static float[] gradient(ModelReplica replica, MicroBatch batch, long seed) {
    float[] gradient = new float[replica.parameterCount()];
    replica.gradient(batch, new Position(seed, 3, 1), gradient);
    return gradient;
  }

  @Test
  void replicasOnSeveralThreadsGiveTheBitsOfOne() throws Exception {
    ModelDefinition definition = convolutionalWithDropout(0.5);
    float[] theta = BuiltModel.of(definition, 1).initialParameters();
    List<MicroBatch> batches = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      batches.add(Fixtures.examples(IMAGES, i % 7 == 6 ? 5 : 16, i));
    }
    float[][] alone = new float[batches.size()][];
    try (ModelReplica replica = ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
      replica.setParameters(theta);
      for (int i = 0; i < batches.size(); i++) {
        alone[i] = gradient(replica, batches.get(i), i);
      }
    }
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<float[][]>> all = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        int first = t;
        all.add(
            threads.submit(
                () -> {
                  float[][] mine = new float[batches.size()][];
                  try (ModelReplica replica =
                      ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
                    replica.setParameters(theta);
                    for (int k = 0; k < batches.size(); k++) {
                      int i = (k + 10 * first) % batches.size();
                      mine[i] = gradient(replica, batches.get(i), i);
                    }
                  }
                  return mine;
                }));
      }
      for (Future<float[][]> one : all) {
        float[][] theirs = one.get();
        for (int i = 0; i < alone.length; i++) {
          assertArrayEquals(alone[i], theirs[i], 0f, "micro-batch " + i);
        }
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void dropoutMasksFollowFromTheSeedAlone() {
    ModelDefinition definition = convolutionalWithDropout(0.5);
    MicroBatch batch = Fixtures.examples(IMAGES, 16, 1);
    try (ModelReplica replica = ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
      replica.setParameters(BuiltModel.of(definition, 1).initialParameters());
      float[] other = gradient(replica, batch, 6);
      // ND4J's native generator takes 0 and 0xdeadbeef for "seed from the clock".
      for (long seed : new long[] {5, 0, 0xdeadbeef, Long.MIN_VALUE}) {
        float[] first = gradient(replica, batch, seed);
        float[] again = gradient(replica, batch, seed);
        assertArrayEquals(first, again, 0f, "seed " + seed);
        assertFalse(Arrays.equals(first, other));
      }
    }
  }

  @Test
  void statisticsOfBatchNormalizationAreWeighedByExamples() {
    ModelDefinition definition = convolutionalWithDropout(1);
    int mean = offset(definition, "1_mean");
    MicroBatch batch = Fixtures.examples(IMAGES, 16, 1);
    MicroBatch twice =
        new MicroBatch(
            32,
            IMAGES,
            batch.values().stream()
                .map(
                    values -> {
                      float[] doubled = Arrays.copyOf(values, 2 * values.length);
                      System.arraycopy(values, 0, doubled, values.length, values.length);
                      return doubled;
                    })
                .toList());
    try (ModelReplica replica = ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
      replica.setParameters(BuiltModel.of(definition, 1).initialParameters());
      float[] one = gradient(replica, batch, 5);
      float[] two = gradient(replica, twice, 5);
      // The statistics of a batch taken twice are the same; weighed, they count double.
      for (int i = mean; i < mean + 12; i++) {
        assertEquals(2 * one[i], two[i], 1e-5 * Math.abs(two[i]) + 1e-7);
      }
    }
  }

  private static int offset(ModelDefinition definition, String block) {
    return BuiltModel.of(definition, 1)
        .updatePlan(new dev.lockstep.ps.clip.Clipping.None())
        .layout()
        .blocks()
        .stream()
        .filter(b -> b.name().equals(block))
        .findFirst()
        .orElseThrow()
        .offset();
  }

  @Test
  void oneDnnGivesTheGradientOfDl4jsOwnKernels() {
    ModelDefinition definition = convolutionalWithDropout(0.5);
    float[] theta = BuiltModel.of(definition, 1).initialParameters();
    MicroBatch batch = Fixtures.examples(IMAGES, 32, 1);
    try (ModelReplica builtIn = ModelReplica.open(definition, new ReplicaOptions(Kernels.BUILTIN));
        ModelReplica oneDnn = ModelReplica.open(definition, new ReplicaOptions(Kernels.ONEDNN))) {
      builtIn.setParameters(theta);
      oneDnn.setParameters(theta);
      float[] expected = gradient(builtIn, batch, 5);
      float[] actual = gradient(oneDnn, batch, 5);
      assertTrue(LoadedNatives.load().hasOneDnn(), "the tests' natives have oneDNN");
      assertFalse(Arrays.equals(expected, actual), "other kernels give other bits");
      double error = Fixtures.relativeError(actual, expected);
      assertTrue(error <= 1e-5, "relative error of gradients " + error);
    }
  }

  @ParameterizedTest
  @EnumSource(Kernels.class)
  void manyStepsDoNotGrowTheMemoryOutsideTheHeap(Kernels kernels) {
    ModelDefinition definition = convolutionalWithDropout(0.5);
    try (ModelReplica replica = ModelReplica.open(definition, new ReplicaOptions(kernels))) {
      replica.setParameters(BuiltModel.of(definition, 1).initialParameters());
      MicroBatch full = Fixtures.examples(IMAGES, 64, 1);
      MicroBatch ragged = Fixtures.examples(IMAGES, 43, 1);
      float[] gradient = new float[replica.parameterCount()];
      // A step makes over 1 MiB of activations: what is not freed would add 400 MiB.
      long settled = 0;
      for (int step = 0; step < 600; step++) {
        replica.gradient(step % 20 == 19 ? ragged : full, new Position(step, step, 0), gradient);
        if (step == 200) {
          settled = residentOutsideTheHeap();
        }
      }
      long growth = residentOutsideTheHeap() - settled;
      assertTrue(growth < 256L << 20, "resident memory outside the heap grew by " + growth);
    }
  }

  /** Pages of the heap become resident when they are first used, and stay so. */
  private static long residentOutsideTheHeap() {
    long heap =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .mapToLong(pool -> pool.getPeakUsage().getUsed())
            .sum();
    return Pointer.physicalBytes() - heap;
  }

  @Test
  void closingFreesWhatWasTaken() {
    ModelDefinition definition = convolutionalWithDropout(0.5);
    MicroBatch batch = Fixtures.examples(IMAGES, 16, 1);
    float[] theta = BuiltModel.of(definition, 1).initialParameters();
    long before = 0;
    for (int i = 0; i < 20; i++) {
      try (ModelReplica replica = ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
        replica.setParameters(theta);
        gradient(replica, batch, i);
      }
      if (i == 3) {
        before = Pointer.physicalBytes();
      }
    }
    long growth = Pointer.physicalBytes() - before;
    assertTrue(growth < 128L << 20, "resident memory grew by " + growth);
  }

  @Test
  void imagesAreFlattenedForDenseLayersAndUnflattenedForConvolutions() {
    for (String name : List.of("linear", "lenet")) {
      List<TensorSpec> image = List.of(Fixtures.features(1, 28, 28), Fixtures.classes(10));
      List<TensorSpec> plane = List.of(Fixtures.features(28, 28), Fixtures.classes(10));
      ModelDefinition definition = ModelDefinition.builtIn(name, image, BuiltInOptions.DEFAULT);
      MicroBatch batch = Fixtures.examples(image, 4, 1);
      MicroBatch same = new MicroBatch(4, plane, batch.values());
      try (ModelReplica replica = ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
        replica.setParameters(BuiltModel.of(definition, 1).initialParameters());
        assertArrayEquals(gradient(replica, batch, 1), gradient(replica, same, 1), 0f);
      }
    }
  }

  @Test
  void wrongLengthsAreRefused() {
    ModelDefinition definition = convolutionalWithDropout(0.5);
    try (ModelReplica replica = ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
      int length = replica.parameterCount();
      IllegalArgumentException theta =
          assertThrows(IllegalArgumentException.class, () -> replica.setParameters(new float[3]));
      assertEquals("theta length=3 != parameters=" + length, theta.getMessage());
      IllegalArgumentException gradient =
          assertThrows(
              IllegalArgumentException.class,
              () -> replica.gradient(Fixtures.examples(IMAGES, 2, 1), START, new float[4]));
      assertEquals("gradient length=4 != parameters=" + length, gradient.getMessage());
      IllegalArgumentException empty =
          assertThrows(
              IllegalArgumentException.class,
              () -> replica.score(new MicroBatch(0, IMAGES, List.of(new float[0], new float[0]))));
      assertEquals("examples=0 < 1: an empty micro-batch has no gradient", empty.getMessage());
    }
  }

  @Test
  void evaluationCountsWhatDl4jCounts() {
    ModelDefinition definition = convolutionalWithDropout(0.5);
    MicroBatch batch = Fixtures.examples(IMAGES, 50, 3);
    try (ModelReplica replica = ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
      replica.setParameters(BuiltModel.of(definition, 1).initialParameters());
      EvaluationSums whole = evaluate(replica, batch);
      EvaluationSums parts =
          evaluate(replica, Fixtures.slice(batch, 0, 20))
              .plus(evaluate(replica, Fixtures.slice(batch, 20, 50)));
      ExampleSums score = replica.score(batch);
      assertArrayEquals(whole.confusion(), parts.confusion());
      assertEquals(50, parts.rows());
      assertEquals(4, whole.classes());
      assertEquals(score.loss(), whole.loss());
      assertEquals(whole.loss(), parts.loss(), 1e-3);
      float[] probabilities = replica.predict(batch).get(0);
      int right = 0;
      for (int i = 0; i < 50; i++) {
        float[] label = Arrays.copyOfRange(batch.values().get(1), 4 * i, 4 * i + 4);
        float[] row = Arrays.copyOfRange(probabilities, 4 * i, 4 * i + 4);
        right += largest(label) == largest(row) ? 1 : 0;
      }
      assertEquals(right / 50.0, whole.accuracy());
    }
  }

  private static EvaluationSums evaluate(ModelReplica replica, MicroBatch batch) {
    Evaluator tally = new Evaluator(Evaluator.Detail.DETAILED);
    replica.evaluate(batch, tally);
    return tally.sums().get(0);
  }

  private static int largest(float[] row) {
    int best = 0;
    for (int i = 1; i < row.length; i++) {
      best = row[i] > row[best] ? i : best;
    }
    return best;
  }

  @Test
  void regressionIsEvaluatedByColumn() {
    List<TensorSpec> tensors = List.of(Fixtures.features(3), Fixtures.targets(2));
    ModelDefinition definition = ModelDefinition.builtIn("linear", tensors, BuiltInOptions.DEFAULT);
    MicroBatch batch =
        new MicroBatch(
            2, tensors, List.of(new float[] {1, 0, 0, 0, 1, 0}, new float[] {1, 2, 3, 4}));
    try (ModelReplica replica = ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
      // All parameters zero: every prediction is 0.
      EvaluationSums sums = evaluate(replica, batch);
      assertEquals(new EvaluationSums.Column(10, 4, 4, 10), sums.columns().get(0));
      assertEquals(new EvaluationSums.Column(20, 6, 6, 20), sums.columns().get(1));
      assertEquals(7.5, sums.meanSquaredError());
      assertEquals(2.5, sums.meanAbsoluteError());
      assertEquals((1 - 10 / 2.0 + 1 - 20 / 2.0) / 2, sums.r2());
      assertEquals(7.5, sums.meanLoss(), 1e-6);
    }
  }
}
