package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.LocalSpark;
import dev.lockstep.trainer.TestTraining;
import dev.lockstep.trainer.checkpoint.ReadRecorder;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.RunPoint;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who reads what of a checkpoint when a run is resumed. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RestartReadsTest {

  private static final String TASK = "Executor task launch worker";

  @TempDir private Path folder;
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private TestTraining training;

  @BeforeEach
  void writeData() throws IOException {
    // 6 steps an epoch.
    training =
        TestTraining.of(
                folder,
                SyntheticDataset.classes(folder.resolve("data"), List.of(20), 3, 437),
                "mlp:40",
                c ->
                    c.optimization(o -> o.epochs(2))
                        .checkpoints(s -> s.every(CheckpointInterval.parse("4steps"))))
            .observedBy(
                new TrainingObserver() {
                  @Override
                  public void warning(String text) {
                    warnings.add(text);
                  }
                });
    ReadRecorder.configure(LocalSpark.shared().hadoopConfiguration());
  }

  private UnaryOperator<TrainingConfig.Builder> into(
      String name, UnaryOperator<TrainingConfig.Builder> change) {
    return c -> change.apply(c).output(o -> o.folder("recorded://" + folder.resolve(name)));
  }

  private void stopAfter(long step, String name, UnaryOperator<TrainingConfig.Builder> change) {
    TrainingObserver stopping =
        new TrainingObserver() {
          @Override
          public void checkpoint(long taken) {
            if (taken == step) {
              throw new IllegalStateException("stopped");
            }
          }
        };
    assertThrows(
        IllegalStateException.class, () -> training.run(name, into(name, change), stopping));
  }

  /** Reads of files of parameters and state in the folder of a step. */
  private static List<ReadRecorder.Read> ofStep(long step, List<ReadRecorder.Read> reads) {
    String prefix = "step-%012d/".formatted(step);
    return reads.stream()
        .filter(one -> one.file().startsWith(prefix) && !one.file().contains("manifest"))
        .toList();
  }

  private static void requireReadOnceByTasks(List<ReadRecorder.Read> reads) {
    assertFalse(reads.isEmpty());
    Map<String, List<ReadRecorder.Read>> byFile =
        reads.stream()
            .collect(
                Collectors.groupingBy(ReadRecorder.Read::file, TreeMap::new, Collectors.toList()));
    byFile.forEach(
        (file, ofFile) -> {
          List<ReadRecorder.Read> inOrder = new ArrayList<>(ofFile);
          inOrder.sort(Comparator.comparingLong(ReadRecorder.Read::from));
          long at = 0;
          for (ReadRecorder.Read one : inOrder) {
            assertTrue(one.thread().startsWith(TASK), () -> "read by the driver: " + one);
            assertEquals(at, one.from(), () -> "read once: " + one);
            at = one.to();
          }
        });
  }

  private void resumed(String name, UnaryOperator<TrainingConfig.Builder> change)
      throws IOException {
    TrainingResult whole = training.run(name + "-whole", change);
    stopAfter(8, name, change);
    ReadRecorder.take();
    TrainingResult result = training.run(name, into(name, change));
    assertEquals(whole.parametersSha256(), result.parametersSha256());
    requireReadOnceByTasks(ofStep(8, ReadRecorder.take()));
    assertEquals(List.of(), warnings);
  }

  @Test
  void theDriverReadsTheManifestAlone() throws IOException {
    resumed("sync", c -> c);
  }

  @Test
  void virtualWorkersReadTheirOwnFiles() throws IOException {
    resumed(
        "kept",
        c ->
            c.mode(
                m ->
                    m.kind(Mode.AVERAGING)
                        .averaging(Averaging.every(2).withLocalState(Averaging.LocalState.KEPT))));
  }

  @Test
  void thePhaseAfterReadsTheModelWithoutTheDriver() throws IOException {
    UnaryOperator<TrainingConfig.Builder> change =
        c ->
            c.mode(
                m ->
                    m.kind(Mode.AVERAGING)
                        .averaging(Averaging.every(2).withFrom(RunPoint.parse("8steps"))));
    TrainingResult whole = training.run("phases-whole", change);
    ReadRecorder.take();
    TrainingResult result = training.run("phases", into("phases", change));
    assertEquals(whole.parametersSha256(), result.parametersSha256());
    List<ReadRecorder.Read> reads = ofStep(8, ReadRecorder.take());
    assertFalse(reads.isEmpty());
    assertTrue(reads.stream().allMatch(one -> one.thread().startsWith(TASK)), reads.toString());
  }

  /** A damaged file is found by who reads it; the run falls back without help. */
  @Test
  void aDamagedCheckpointIsSetAsideAndTheOneBeforeTaken() throws IOException {
    UnaryOperator<TrainingConfig.Builder> kept =
        c ->
            c.mode(
                m ->
                    m.kind(Mode.AVERAGING)
                        .averaging(Averaging.every(2).withLocalState(Averaging.LocalState.KEPT)));
    TrainingResult whole = training.run("damaged-whole", kept);
    for (String file : List.of("shard-00000.attempt-1", "replica-00001.attempt-1")) {
      String name = "damaged-" + file.substring(0, 5);
      stopAfter(8, name, kept);
      Path damaged = folder.resolve(name).resolve("checkpoints/step-000000000008").resolve(file);
      byte[] bytes = Files.readAllBytes(damaged);
      bytes[bytes.length / 2] ^= 4;
      Files.write(damaged, bytes);
      warnings.clear();
      TrainingResult result =
          training.run(name, into(name, c -> kept.apply(c).checkpoints(s -> s.maxAttempts(1))));
      assertEquals(whole.parametersSha256(), result.parametersSha256());
      assertTrue(
          warnings.stream()
              .anyMatch(
                  one ->
                      one.matches(
                          "the checkpoint of step 8 is damaged and was set aside as"
                              + " .*/damaged-step-000000000008: .*/"
                              + file
                              + ": CRC32C=[0-9a-f]{8} != [0-9a-f]{8} .*")),
          warnings.toString());
      assertTrue(
          Files.exists(folder.resolve(name).resolve("checkpoints/damaged-step-000000000008")));
    }
  }

  /** The model of a complete run is read from its last checkpoint. */
  @Test
  void aDamagedLastCheckpointIsTrainedAgain() throws IOException {
    TrainingResult whole = training.run("end", into("end", c -> c));
    Path damaged =
        folder.resolve("end/checkpoints/step-000000000012").resolve("shard-00000.attempt-1");
    byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length / 2] ^= 4;
    Files.write(damaged, bytes);
    TrainingResult again = training.run("end", into("end", c -> c));
    assertEquals(whole.parametersSha256(), again.parametersSha256());
    assertTrue(
        warnings.get(0).startsWith("the checkpoint of step 12 is damaged and was set aside as "),
        warnings.toString());
  }
}
