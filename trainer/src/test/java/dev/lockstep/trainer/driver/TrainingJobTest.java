package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.TestTraining;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.config.OutputConfig.ExistingOutput;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.metrics.WorkerThroughput;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.output.RunRecordTest;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Training in one JVM: what it writes and refuses. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TrainingJobTest {

  @TempDir private Path folder;
  private TestTraining training;

  @BeforeEach
  void writeData() throws IOException {
    // 437 divides by nothing here: the last global batch is ragged, and some of its parts empty.
    training =
        TestTraining.of(
            folder,
            SyntheticDataset.classes(folder.resolve("data"), List.of(20), 3, 437),
            "mlp:200,40",
            c -> c.optimization(o -> o.epochs(3).clipNorm(1)));
  }

  @Test
  void whatDeterminesTheModelChangesIt() throws IOException {
    String base = training.run(2, c -> c).parametersSha256();
    assertNotEquals(base, training.run(2, c -> c.optimization(o -> o.seed(2))).parametersSha256());
    assertNotEquals(
        base, training.run(2, c -> c.mode(m -> m.virtualWorkers(6))).parametersSha256());
    assertNotEquals(
        base, training.run(2, c -> c.optimization(o -> o.clipNorm(0.01))).parametersSha256());
  }

  @Test
  void outputsAreCompleteAndTheModelOpensInPlainDl4j() throws IOException {
    TrainingResult result =
        training.run(2, c -> c.checkpoints(s -> s.every(CheckpointInterval.parse("5steps"))));
    Path out = Path.of(java.net.URI.create(result.out()));
    for (String name : List.of("model.zip", "run.json", "metrics.jsonl", "report.html")) {
      assertTrue(Files.size(out.resolve(name)) > 100, name);
    }
    MultiLayerNetwork network =
        ModelSerializer.restoreMultiLayerNetwork(out.resolve("model.zip").toFile(), true);
    assertEquals(result.parametersSha256(), RunFolder.sha256(network.params().toFloatVector()));
    assertEquals(result.progress().steps(), network.getIterationCount());
    assertEquals(2L * network.numParams(), network.getUpdater().getStateViewArray().length());
    String json = Files.readString(out.resolve("run.json"));
    assertEquals(
        RunRecordTest.names(RunRecordTest.golden()),
        RunRecordTest.names(new ObjectMapper().readTree(json)),
        "a change of the format needs another version and another golden sample");
    assertTrue(json.contains(result.parametersSha256()), json);
    assertTrue(json.contains("\"workerThroughputs\" : [ {"), json);
    assertTrue(Files.readString(out.resolve("report.html")).contains("waiting for parameters"));
    assertEquals(2, result.cluster().workerThroughputs().size());
    long examples = 0;
    for (WorkerThroughput worker : result.cluster().workerThroughputs()) {
      assertEquals(2, worker.virtualWorkers());
      assertEquals("driver", worker.executor());
      examples += worker.examples();
      double parts =
          worker.seconds().gradients()
              + worker.seconds().data()
              + worker.seconds().parameters()
              + worker.seconds().betweenRounds();
      assertTrue(0 < parts && parts <= worker.seconds().total(), worker.toString());
      assertTrue(worker.seconds().gradients() > 0, worker.toString());
    }
    assertEquals(result.progress().examples(), examples);
    assertEquals(
        result.progress().steps() + 3, Files.readAllLines(out.resolve("metrics.jsonl")).size());
  }

  @Test
  void anOutputFolderThatHoldsOtherOutputsIsLeftAlone() throws IOException {
    Path model = Files.createDirectories(folder.resolve("same")).resolve("model.zip");
    Files.writeString(model, "precious");
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> training.run(2, c -> c.output(o -> o.folder(folder.resolve("same").toString()))));
    assertTrue(
        refused
            .getMessage()
            .endsWith(
                "/same holds outputs, but no checkpoints to resume from: name another folder with"
                    + " --out, or replace them with --overwrite"),
        refused.getMessage());
    assertEquals("precious", Files.readString(model));
    training.run(
        2,
        c ->
            c.output(
                o -> o.folder(folder.resolve("same").toString()).existing(ExistingOutput.REPLACE)));
  }

  @Test
  void moreWorkersThanLocalSlotsAreRefusedAtOnce() {
    TrainingException refused =
        assertThrows(
            TrainingException.class, () -> training.run(5, c -> c.mode(m -> m.virtualWorkers(6))));
    assertTrue(
        refused.getMessage().startsWith("workers=5 > slots=4 of local[4]"), refused.getMessage());
  }

  @Test
  void fewerExamplesThanOneGlobalBatchTrain() throws IOException {
    ShardedDataset dataset = SyntheticDataset.classes(folder.resolve("tiny"), List.of(20), 3, 3);
    TrainingResult result =
        training
            .withData(dataset)
            .withModel("mlp:200,40")
            .run(2, c -> c.data(d -> d.validationFraction(0)));
    assertEquals(3, result.progress().steps());
    assertEquals(9, result.progress().examples());
  }

  @Test
  void thousandsOfClassesAreValidated() throws IOException {
    ShardedDataset dataset =
        SyntheticDataset.classes(folder.resolve("many"), List.of(20), 2000, 60);
    TrainingResult result =
        training
            .withData(dataset)
            .withModel("mlp:200,40")
            .run(2, c -> c.optimization(o -> o.epochs(1)));
    assertTrue(result.metrics().epochs().get(0).validationAccuracy() >= 0);
  }
}
