package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.TestTraining;
import dev.lockstep.trainer.checkpoint.CheckpointReader;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What mode averaging and accumulation save and exchange, in one JVM. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AveragingJobTest {

  @TempDir private Path folder;
  private TestTraining training;

  @BeforeEach
  void writeData() throws IOException {
    // Of 437 examples 350 train: 88 or 87 of each virtual worker, 6 steps of 16, the last ragged.
    training =
        TestTraining.of(
            folder,
            SyntheticDataset.classes(folder.resolve("data"), List.of(20), 3, 437),
            "mlp:200,40",
            c -> c.optimization(o -> o.epochs(2)));
  }

  @Test
  void keptStateIsSavedWithEveryCheckpointAndItsMeanWithTheModel() throws IOException {
    UnaryOperator<TrainingConfig.Builder> kept =
        c ->
            c.mode(
                    m ->
                        m.kind(Mode.AVERAGING)
                            .averaging(
                                Averaging.every(2).withLocalState(Averaging.LocalState.KEPT)))
                .checkpoints(s -> s.every(CheckpointInterval.parse("5steps")));
    TrainingResult one = training.run(1, kept);
    TrainingResult two = training.run(2, kept);
    assertEquals(one.parametersSha256(), two.parametersSha256());
    // Two epochs of three rounds each.
    assertExchanged(6, one);
    assertExchanged(6, two);
    assertNotEquals(
        one.parametersSha256(),
        training
            .run(2, c -> c.mode(m -> m.kind(Mode.AVERAGING).averaging(Averaging.every(2))))
            .parametersSha256());
    CheckpointReader last = last(two);
    assertEquals(4, last.contents().replicas().size());
    assertEquals(two.parameters().length, last.contents().parameters());
    float[] sum = new float[two.parameters().length];
    for (int v : new int[] {0, 1, 2, 3}) {
      float[][] state = last.replica(v);
      assertEquals(2, state.length);
      for (int i = 0; i < sum.length; i++) {
        sum[i] += state[1][i];
      }
    }
    float[] written = state(two);
    int p = sum.length;
    for (int i = 0; i < p; i++) {
      assertEquals(sum[i] / 4, written[p + i], 1e-6 * Math.abs(sum[i]));
    }
  }

  @Test
  void averagedStateGoesIntoTheModel() throws IOException {
    TrainingResult result =
        training.run(2, c -> c.mode(m -> m.kind(Mode.AVERAGING).averaging(Averaging.every(3))));
    CheckpointReader last = last(result);
    int p = result.parameters().length;
    assertEquals(3 * p, last.contents().parameters());
    float[] state = state(result);
    assertEquals(2 * p, state.length);
    assertArrayEquals(java.util.Arrays.copyOfRange(last.read().theta(), p, 3 * p), state);
  }

  @Test
  void accumulationTakesFewerAndLargerSteps() throws IOException {
    UnaryOperator<TrainingConfig.Builder> two =
        c -> c.data(d -> d.batchSize(8)).mode(m -> m.accumulate(2));
    TrainingResult one = training.run(1, two);
    assertEquals(12, one.progress().steps());
    TrainingResult plain = training.run(2, c -> c);
    assertExchanged(12, plain);
    // The same examples in every step, but other sums: and the mlp has no dropout.
    for (int i = 0; i < plain.parameters().length; i++) {
      assertEquals(plain.parameters()[i], one.parameters()[i], 2e-3);
    }
    assertEquals(
        plain.metrics().steps().get(0).meanLoss(), one.metrics().steps().get(0).meanLoss(), 1e-6);
    assertNotEquals(plain.parametersSha256(), one.parametersSha256());
  }

  /** Each worker pulls the parameters once at the start, and once in every round. */
  private static void assertExchanged(int rounds, TrainingResult result) throws IOException {
    long vector = 4L * result.cluster().workers() * result.parameters().length;
    long vectors = rounds * vector;
    assertEquals(vectors + vector, result.cluster().exchanged().pulled());
    // Frames with many zeros, of units that are never active, are shorter.
    assertTrue(
        result.cluster().exchanged().pushed() <= vectors, result.cluster().exchanged().toString());
    assertTrue(
        result.cluster().exchanged().pushed() > 0.5 * vectors,
        result.cluster().exchanged().toString());
    assertEquals(0, result.cluster().socketBytes());
    assertEquals(result.exchangedBytes() / 12.0, result.exchangedBytesPerStep());
    String record = Files.readString(Path.of(URI.create(result.out())).resolve("run.json"));
    assertTrue(record.contains("\"exchangedBytes\" : " + result.exchangedBytes()), record);
  }

  private static CheckpointReader last(TrainingResult result) throws IOException {
    CheckpointStore checkpoints =
        new CheckpointStore(
            new org.apache.hadoop.fs.Path(result.out() + "/" + RunFolder.CHECKPOINTS),
            new Configuration());
    return checkpoints.open(checkpoints.newest(warning -> {}).orElseThrow());
  }

  private static float[] state(TrainingResult result) throws IOException {
    MultiLayerNetwork network =
        ModelSerializer.restoreMultiLayerNetwork(
            Path.of(URI.create(result.modelFile())).toFile(), true);
    return network.getUpdater().getStateViewArray().toFloatVector();
  }
}
