package dev.lockstep.sharding.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.store.ShardedDatasets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.SparkException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tasks that fail in the middle of a shard. */
class FailedAttemptsTest {

  private static final int EXAMPLES = 40;
  private static final List<TensorSpec> TENSORS =
      List.of(
          new TensorSpec(
              "features", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(1)));
  private static final ShardingOptions OPTIONS = ShardingOptions.named("sample").blockExamples(4);

  private static JavaSparkContext spark;
  @TempDir Path folder;

  /** Two attempts for each task, one at a time, so that none is under way when the job fails. */
  @BeforeAll
  static void start() {
    spark = SparkOn.master("local[1,2]");
  }

  @AfterAll
  static void stop() {
    spark.close();
  }

  /** Two partitions of examples; each attempt up to a number fails after half of its examples. */
  private static JavaRDD<Example> failingUpToAttempt(int attempt) {
    return ShardJob.partitions(spark, 2)
        .flatMap(
            part ->
                Stream.iterate(0, i -> i + 1)
                    .limit(EXAMPLES / 2)
                    .map(
                        i -> {
                          if (i == EXAMPLES / 4 && TaskContext.get().attemptNumber() < attempt) {
                            throw new IllegalStateException("a broken disk");
                          }
                          return Example.of(new float[] {part * (EXAMPLES / 2) + i});
                        })
                    .iterator());
  }

  private ShardedDataset write(JavaRDD<Example> examples, String to) throws IOException {
    return ShardJob.write(
        spark,
        examples,
        new ShardJob.Contents(TENSORS, Map.of(), Map.of(), DataRecipe.NONE),
        folder.resolve(to).toString(),
        OPTIONS);
  }

  @Test
  void aRetriedTaskGivesTheSameDatasetAndLeavesNoFile() throws IOException {
    ShardedDataset smooth = write(failingUpToAttempt(0), "smooth");
    ShardedDataset retried = write(failingUpToAttempt(1), "retried");
    assertEquals(smooth.manifest(), retried.manifest());
    ShardedDatasets.verify(retried, spark.hadoopConfiguration());
    assertEquals(files("smooth"), files("retried"));
  }

  private List<String> files(String location) throws IOException {
    Path root = folder.resolve(location);
    try (Stream<Path> all = Files.walk(root)) {
      return all.map(file -> root.relativize(file).toString()).sorted().toList();
    }
  }

  @Test
  void aFailedJobLeavesNothing() throws IOException {
    Exception failure =
        assertThrows(SparkException.class, () -> write(failingUpToAttempt(2), "failed"));
    assertTrue(failure.getMessage().contains("a broken disk"), failure.getMessage());
    assertEquals(List.of(""), files("failed"));
    assertFalse(
        ShardedDatasets.exists(folder.resolve("failed").toString(), spark.hadoopConfiguration()));
  }
}
