package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.LocalSpark;
import dev.lockstep.trainer.TestTraining;
import dev.lockstep.trainer.checkpoint.Faults;
import dev.lockstep.trainer.checkpoint.FaultyFiles;
import dev.lockstep.trainer.checkpoint.FaultyFiles.Kind;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.metrics.MetricsLog;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trainings whose checkpoints go to disks that fail end in the bits of one on a sound disk. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FaultyDiskTest {

  @TempDir private Path folder;
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private TestTraining training;

  @BeforeEach
  void writeData() throws IOException {
    // Of 437 examples 350 train: 6 steps of 4 x 16 an epoch, the last ragged.
    TrainingObserver observer =
        new TrainingObserver() {
          @Override
          public void warning(String text) {
            warnings.add(text);
          }
        };
    training =
        TestTraining.of(
                folder,
                SyntheticDataset.classes(folder.resolve("data"), List.of(20), 3, 437),
                "mlp:40",
                c ->
                    c.optimization(o -> o.epochs(2))
                        .checkpoints(s -> s.every(CheckpointInterval.parse("2steps"))))
            .observedBy(observer);
  }

  @Test
  void failuresInMidRunAreToldAndTrainingGoesOn() throws IOException {
    TrainingResult faulty =
        train(
            "mid-run",
            Kind.LOCAL,
            (operation, path) ->
                switch (operation) {
                  case CREATE ->
                      path.contains("step-000000000002/shard-00000")
                          ? Faults.Fault.FULL
                          : path.contains("step-000000000004/shard-00000")
                              ? Faults.Fault.DENIED
                              : path.contains("step-000000000006/shard-00000")
                                  ? Faults.Fault.CUT
                                  : Faults.Fault.NONE;
                  case RENAME, CLOSE ->
                      path.contains("step-000000000008/_manifest.json")
                          ? Faults.Fault.FAILED
                          : Faults.Fault.NONE;
                  case DELETE ->
                      path.contains("/checkpoints/step-")
                          ? Faults.Fault.REFUSED
                          : Faults.Fault.NONE;
                  default -> Faults.Fault.NONE;
                });
    assertEquals(1, faulty.progress().attempts());
    assertTold("step-000000000002/shard-00000.attempt-1: No space left on device");
    assertTold("step-000000000004/shard-00000.attempt-1 (Permission denied)");
    assertTold("step-000000000006/shard-00000.attempt-1 has 100 bytes != ");
    assertTold("/step-000000000008/_manifest.json.");
    assertTold("after the checkpoint of step 12: a checkpoint that is not kept stays: ");
    assertEquals(onASoundDisk().parametersSha256(), faulty.parametersSha256());
  }

  @Test
  void withoutItsLastCheckpointARunRestartsFromTheOneBefore() throws IOException {
    TrainingResult faulty =
        train(
            "last",
            Kind.LOCAL,
            (operation, path) ->
                operation == Faults.Operation.CREATE
                        && path.contains("step-000000000012/shard-00000.attempt-1")
                    ? Faults.Fault.FULL
                    : Faults.Fault.NONE);
    assertEquals(2, faulty.progress().attempts());
    assertTrue(
        faulty.progress().notes().get(0).text().contains("No space left on device"),
        faulty.progress().notes().toString());
    assertEquals(onASoundDisk().parametersSha256(), faulty.parametersSha256());
  }

  @Test
  void onAnObjectStoreADriverThatDiesTakesNoStepOfACheckpointWithIt() throws IOException {
    AtomicBoolean dead = new AtomicBoolean();
    BiFunction<Faults.Operation, String, Faults.Fault> dying =
        (operation, path) -> {
          if (dead.get() || path.contains("step-000000000008/manifest.json")) {
            dead.set(true);
            throw new Faults.Died();
          }
          return Faults.Fault.NONE;
        };
    assertThrows(Faults.Died.class, () -> train("objects", Kind.OBJECTS, dying));
    org.apache.hadoop.fs.Path log =
        new org.apache.hadoop.fs.Path(folder.resolve("objects/metrics.jsonl").toUri());
    List<StepMetrics> left = MetricsLog.readIfThere(log, new Configuration(false)).steps();
    assertTrue(left.size() >= 6, left.toString());

    TrainingResult resumed = train("objects", Kind.OBJECTS, (operation, path) -> Faults.Fault.NONE);
    assertEquals(onASoundDisk().parametersSha256(), resumed.parametersSha256());
    assertEquals(2, resumed.progress().attempts());
    List<StepMetrics> steps = MetricsLog.read(log, new Configuration(false)).steps();
    assertEquals(
        LongStream.rangeClosed(1, 12).boxed().toList(),
        steps.stream().map(StepMetrics::step).toList());
    assertEquals(left.subList(0, 6), steps.subList(0, 6));
  }

  private void assertTold(String part) {
    assertTrue(warnings.stream().anyMatch(one -> one.contains(part)), part + " in " + warnings);
  }

  private TrainingResult onASoundDisk() throws IOException {
    return training.run("sound", c -> c);
  }

  private TrainingResult train(
      String name, Kind kind, BiFunction<Faults.Operation, String, Faults.Fault> choice)
      throws IOException {
    Faults faults =
        new Faults() {
          @Override
          public Fault before(Operation operation, Path path) {
            return choice.apply(operation, path.toString());
          }

          @Override
          public int pick(int bound) {
            return bound / 2;
          }
        };
    String mount = folder.getFileName() + "-" + name;
    Configuration hadoop = FaultyFiles.mount(mount, kind, faults);
    for (String key : List.of("fs.faulty.impl", "fs.faulty.impl.disable.cache")) {
      LocalSpark.shared().hadoopConfiguration().set(key, hadoop.get(key));
    }
    String out = FaultyFiles.path(mount, folder.resolve(name)).toString();
    return training.run(name, c -> c.output(o -> o.folder(out)));
  }
}
