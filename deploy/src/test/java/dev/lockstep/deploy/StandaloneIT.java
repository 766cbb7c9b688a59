package dev.lockstep.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.cluster.UnfitSparkException;
import dev.lockstep.trainer.config.ClusterConfig.MixedBits;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A standalone cluster whose two workers were started in different environments. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class StandaloneIT {

  private static final Pattern NODE = Pattern.compile("JVM \\S+ at 127\\.0\\.0\\.1:\\d+");

  @TempDir private static Path folder;
  private static ShardedDataset dataset;
  private static StandaloneDaemons standalone;

  @BeforeAll
  static void start() throws IOException {
    dataset = DigitShards.write(folder.resolve("data"), 437);
    standalone =
        StandaloneDaemons.start(
            folder,
            Map.of(
                "haswell", Map.of("OPENBLAS_CORETYPE", "Haswell"),
                "prescott", Map.of("OPENBLAS_CORETYPE", "Prescott")));
  }

  @AfterAll
  static void stop() {
    standalone.close();
  }

  @Test
  void withoutAProfileExecutorsWithDifferentFingerprintsAreRefusedOrMarkTheRunNotReproducible()
      throws IOException {
    try (SparkCluster cluster =
        SparkCluster.startWithProfileOf(
            Map.of("OMP_NUM_THREADS", "1"), standalone.master(), small())) {
      UnfitSparkException unfit =
          assertThrows(UnfitSparkException.class, () -> train(cluster, c -> c));
      assertTrue(
          unfit.getMessage().contains("--conf spark.executorEnv.OPENBLAS_CORETYPE=Haswell"),
          unfit.getMessage());

      TrainingException refused =
          assertThrows(
              TrainingException.class,
              () -> train(cluster, c -> c.cluster(s -> s.numericProfile("native"))));
      Matcher nodes = NODE.matcher(refused.getMessage());
      assertTrue(refused.getMessage().contains("numeric fingerprint "), refused.getMessage());
      assertTrue(nodes.find(), refused.getMessage());
      String first = nodes.group();
      assertTrue(nodes.find(), refused.getMessage());
      assertTrue(!first.equals(nodes.group()), refused.getMessage());
      assertTrue(refused.getMessage().endsWith("or pass --allow-mixed-bits"), refused.getMessage());

      Path out = folder.resolve("mixed");
      UnaryOperator<TrainingConfig.Builder> mixed =
          c -> c.cluster(s -> s.numericProfile("native")).output(o -> o.folder(out.toString()));
      train(cluster, c -> mixed.apply(c).cluster(s -> s.mixedBits(MixedBits.ALLOW)));
      String record = Files.readString(out.resolve("run.json"));
      assertTrue(record.contains("\"reproducible\" : false"), record);
      TrainingException later =
          assertThrows(
              TrainingException.class,
              () ->
                  train(
                      cluster,
                      c ->
                          mixed
                              .apply(c)
                              .optimization(o -> o.epochs(2))
                              .cluster(s -> s.workers(1))));
      assertTrue(
          later.getMessage().contains(" of the machines that took the first 7 steps"),
          later.getMessage());
    }
  }

  @Test
  void theDefaultProfileGivesTheBitsOfOneLocalCoreInAnyEnvironmentAndWithoutC2()
      throws IOException {
    TrainingResult apart;
    try (SparkCluster cluster = SparkCluster.start(standalone.master(), small())) {
      apart = train(cluster, c -> c.cluster(s -> s.workers(2)));
    }
    // This JVM has the optimizing compiler.
    TrainingResult here;
    try (SparkCluster cluster = SparkCluster.start("local[1]")) {
      here = train(cluster, c -> c);
    }
    assertEquals(2, apart.cluster().servers());
    assertEquals(here.parametersSha256(), apart.parametersSha256());
  }

  private static Map<String, String> small() {
    return Map.of("spark.executor.memory", "2g", "spark.executor.cores", "1");
  }

  private TrainingResult train(SparkCluster cluster, UnaryOperator<TrainingConfig.Builder> change)
      throws IOException {
    TrainingConfig config =
        change
            .apply(
                TrainingConfig.builder()
                    .data(d -> d.batchSize(16))
                    .cluster(s -> s.workers(cluster.context().isLocal() ? 1 : 2))
                    .output(o -> o.folder(folder.resolve("run-" + System.nanoTime()).toString())))
            .build();
    ModelDefinition model =
        ModelDefinition.builtIn("mlp:520", dataset.manifest().tensors(), BuiltInOptions.DEFAULT);
    return Lockstep.train(cluster.context(), InitialModel.fresh(model), dataset, config);
  }
}
