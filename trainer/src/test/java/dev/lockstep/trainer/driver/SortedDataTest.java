package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.ExampleIngest;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.trainer.LocalSpark;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.ByteSize;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Accuracy of each shuffle on a file sorted by label. Slow; nightly. */
@Tag("nightly")
@Timeout(value = 4, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SortedDataTest {

  private static final int EXAMPLES = 24_000;
  private static final int FEATURES = 8;
  private static final int CLASSES = 10;

  private static final int BLOCK = 64;

  /** As many blocks as the window has that suits a dataset, and two or three to a span. */
  private static final int WINDOW = 24 * BLOCK;

  private static final List<TensorSpec> TENSORS =
      List.of(
          new TensorSpec(
              "x", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(FEATURES)),
          new TensorSpec(
              "y", TensorSpec.Role.LABELS, TensorSpec.Encoding.CLASS_INDEX, List.of(CLASSES)));

  @TempDir private Path folder;

  /**
   * With 4,800 examples for validation the accuracy of a model is known to 0.65 % (one standard
   * deviation); the tolerance is three of them.
   */
  @Test
  void trainsAsWellAsOneInRandomOrderByWindowsAndFullyButNotAsItIs() throws IOException {
    try (JavaSparkContext spark = LocalSpark.on("local[2]")) {
      List<Example> examples = overlappingBlobs();
      ShardedDataset shuffled = write(spark, examples, "shuffled");
      examples.sort(Comparator.comparing(example -> example.values().get(1)[0]));
      ShardedDataset sorted = write(spark, examples, "sorted");
      double random = accuracy(spark, shuffled, Shuffle.Kind.WINDOW);
      double window = accuracy(spark, sorted, Shuffle.Kind.WINDOW);
      double full = accuracy(spark, sorted, Shuffle.Kind.FULL);
      double none = accuracy(spark, sorted, Shuffle.Kind.NONE);
      String all = "random %s, window %s, full %s, none %s".formatted(random, window, full, none);
      assertEquals(random, window, 0.02, all);
      assertEquals(random, full, 0.02, all);
      assertTrue(none < random - 0.1, all);
    }
  }

  /** Classes that no model tells apart completely. */
  private static List<Example> overlappingBlobs() {
    Random random = new Random(3);
    float[][] centres = new float[CLASSES][FEATURES];
    for (float[] centre : centres) {
      for (int i = 0; i < FEATURES; i++) {
        centre[i] = (float) random.nextGaussian();
      }
    }
    List<Example> examples = new ArrayList<>();
    for (int i = 0; i < EXAMPLES; i++) {
      float[] x = centres[i % CLASSES].clone();
      for (int j = 0; j < FEATURES; j++) {
        x[j] += (float) random.nextGaussian();
      }
      examples.add(Example.of(x, new float[] {i % CLASSES}));
    }
    Collections.shuffle(examples, random);
    return examples;
  }

  private ShardedDataset write(JavaSparkContext spark, List<Example> examples, String name)
      throws IOException {
    return ExampleIngest.ingest(
        spark.parallelize(examples, 2),
        TENSORS,
        Map.of(),
        folder.resolve(name).toString(),
        ShardingOptions.named(name).blockExamples(BLOCK));
  }

  private double accuracy(JavaSparkContext spark, ShardedDataset data, Shuffle.Kind shuffle)
      throws IOException {
    TrainingConfig config =
        TrainingConfig.builder()
            .optimization(o -> o.epochs(2))
            .data(d -> d.validationFraction(0.2))
            .order(
                o ->
                    o.shuffle(shuffle)
                        .window(shuffle == Shuffle.Kind.WINDOW ? WINDOW : null)
                        .memory(ByteSize.mebibytes(1)))
            .output(
                o -> o.folder(folder.resolve(data.manifest().name() + "-" + shuffle).toString()))
            .build();
    InitialModel model =
        InitialModel.fresh(ModelDefinition.builtIn("mlp:32", TENSORS, BuiltInOptions.DEFAULT));
    return Lockstep.train(spark, model, data, config).metrics().lastEpoch().validationAccuracy();
  }
}
