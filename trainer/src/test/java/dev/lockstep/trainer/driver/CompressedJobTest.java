package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.TestTraining;
import dev.lockstep.trainer.checkpoint.CheckpointReader;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.config.Compression;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What compressed gradients save and cost, in one JVM. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CompressedJobTest {

  private static final List<String> COMPRESSIONS =
      List.of("none", "bfloat16", "float16", "top-k=0.1", "threshold=2e-3");

  @TempDir private Path folder;
  private TestTraining training;

  @BeforeEach
  void writeData() throws IOException {
    training =
        TestTraining.of(
            folder,
            SyntheticDataset.classes(folder.resolve("data"), List.of(20), 3, 437),
            "mlp:200,40",
            c -> c.optimization(o -> o.epochs(8)).data(d -> d.validationFraction(0)));
  }

  @Test
  void compressedGradientsAreSmallerAndReachAboutTheSameLoss() throws IOException {
    double uncompressed = Double.NaN;
    double atFirst = Double.NaN;
    Map<String, Long> pushed = new HashMap<>();
    for (String compression : COMPRESSIONS) {
      TrainingResult one =
          training.run(2, c -> c.mode(m -> m.gradientCompression(Compression.parse(compression))));
      pushed.put(compression, one.cluster().exchanged().pushed());
      double last = one.metrics().epochs().get(7).meanLoss();
      if (compression.equals("none")) {
        atFirst = one.metrics().steps().get(0).meanLoss();
        uncompressed = last;
      }
      // Sparse gradients arrive late: after 56 steps the loss is still behind.
      double way = (atFirst - last) / (atFirst - uncompressed);
      double least = compression.endsWith("float16") ? 0.999 : 0.9;
      assertTrue(way > least, compression + ": loss " + last + " instead of " + uncompressed);
    }
    double all = pushed.get("none");
    assertEquals(0.5, pushed.get("bfloat16") / all, 0.05, pushed.toString());
    assertEquals(pushed.get("bfloat16"), pushed.get("float16"), 0.05 * all, pushed.toString());
    assertTrue(pushed.get("top-k=0.1") < 0.45 * all, pushed.toString());
    assertTrue(pushed.get("threshold=2e-3") < all, pushed.toString());
  }

  @Test
  void residualsAreSavedWithEveryCheckpointAndDoNotDependOnTheWorkers() throws IOException {
    float[][] one =
        residuals(
            training.run(
                1, c -> c.mode(m -> m.gradientCompression(Compression.parse("top-k=0.1")))));
    float[][] two =
        residuals(
            training.run(
                2, c -> c.mode(m -> m.gradientCompression(Compression.parse("top-k=0.1")))));
    assertEquals(4, one.length);
    assertArrayEquals(one, two);
    for (float[] residual : one) {
      assertFalse(Arrays.equals(new float[residual.length], residual), "a part is left unsent");
    }
  }

  private static float[][] residuals(TrainingResult result) throws IOException {
    CheckpointStore checkpoints =
        new CheckpointStore(
            new org.apache.hadoop.fs.Path(result.out() + "/" + RunFolder.CHECKPOINTS),
            new Configuration());
    CheckpointReader last = checkpoints.open(checkpoints.newest(warning -> {}).orElseThrow());
    float[][] residuals = new float[last.contents().replicas().size()][];
    for (int v = 0; v < residuals.length; v++) {
      residuals[v] = last.replica(v)[0];
      assertEquals(result.parameters().length, residuals[v].length);
    }
    return residuals;
  }
}
