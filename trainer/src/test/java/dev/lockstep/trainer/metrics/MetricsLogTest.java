package dev.lockstep.trainer.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.checkpoint.Faults;
import dev.lockstep.trainer.checkpoint.FaultyFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {

  private static final int ATTEMPT = 1;

  @TempDir private java.nio.file.Path folder;
  private final Configuration configuration = new Configuration(false);
  private Path file;

  @BeforeEach
  void nameFile() {
    file = new Path(folder.resolve("metrics.jsonl").toUri());
  }

  @Test
  void readsWhatItWrote() throws IOException {
    write(step(1), step(2), epoch(1, 2), step(3));

    assertEquals(
        new Metrics(List.of(step(1), step(2), step(3)), List.of(epoch(1, 2))),
        MetricsLog.read(file, configuration));
  }

  @Test
  void oneLineARecordWithoutWhatWasNotMeasured() throws IOException {
    write(new StepMetrics(1, 0, 64, 2.5, Double.NaN, 0.001, Double.NaN, 0.25));

    assertEquals(
        "{\"kind\":\"step\",\"step\":1,\"epoch\":0,\"examples\":64,\"meanLoss\":2.5,"
            + "\"learningRate\":0.001,\"elapsedSeconds\":0.25}\n",
        Files.readString(local()));
  }

  @Test
  void aDivergedLossStaysVisible() throws IOException {
    StepMetrics diverged =
        new StepMetrics(1, 0, 64, Double.POSITIVE_INFINITY, Double.NaN, 1, Double.NaN, 1);
    write(diverged);

    assertEquals(List.of(diverged), MetricsLog.read(file, configuration).steps());
  }

  @Test
  void anEpochIsThereToReadBeforeTheLogIsClosed() throws IOException {
    try (MetricsLog log = MetricsLog.resume(file, configuration, 0, ATTEMPT)) {
      log.write(step(1));
      log.write(epoch(1, 1));
      assertEquals(1, MetricsLog.read(file, configuration).epochs().size());
    }
    assertFalse(Files.exists(folder.resolve(".metrics.jsonl.crc")));
  }

  @Test
  void aResumedRunForgetsWhatCameAfterItsCheckpoint() throws IOException {
    write(step(1), step(2), epoch(1, 2), step(3), step(4), epoch(2, 4));

    try (MetricsLog log = MetricsLog.resume(file, configuration, 3, ATTEMPT)) {
      log.write(step(4));
    }

    assertEquals(
        new Metrics(List.of(step(1), step(2), step(3), step(4)), List.of(epoch(1, 2))),
        MetricsLog.read(file, configuration));
    assertTrue(Files.readAllLines(local()).get(2).startsWith("{\"kind\":\"epoch\""));
  }

  @Test
  void aResumptionThatWasCutShortIsMadeAgain() throws IOException {
    write(step(1), step(2), epoch(1, 2), step(3));
    String firstLine = Files.readAllLines(local()).get(0) + "\n";
    Files.move(local(), local().resolveSibling(local().getFileName() + MetricsLog.BEFORE));
    Files.writeString(local(), firstLine);

    assertEquals(3, MetricsLog.readIfThere(file, configuration).steps().size());
    MetricsLog.resume(file, configuration, 2, ATTEMPT).close();

    assertEquals(
        new Metrics(List.of(step(1), step(2)), List.of(epoch(1, 2))),
        MetricsLog.read(file, configuration));
    assertEquals(1, local().toFile().getParentFile().list().length);
  }

  @Test
  void whereOpenFilesDoNotShowWhatWasKeptOutlivesTheProcess() throws IOException {
    Configuration objects =
        FaultyFiles.mount("metrics", FaultyFiles.Kind.OBJECTS, new NothingGoesWrong());
    Path there = FaultyFiles.path("metrics", local());

    MetricsLog first = MetricsLog.resume(there, objects, 0, 1);
    write(first, step(1), step(2), epoch(1, 2), step(3));
    first.keep();
    write(first, step(4));
    assertEquals(
        List.of(step(1), step(2), step(3)), MetricsLog.readIfThere(there, objects).steps());

    // The first one's process ended; its last lines were not kept.
    MetricsLog second = MetricsLog.resume(there, objects, 2, 2);
    write(second, step(3), step(4));
    assertEquals(
        List.of(step(1), step(2), step(3)), MetricsLog.readIfThere(there, objects).steps());
    second.keep();
    write(second, epoch(2, 4));
    second.keep();
    second.keep();

    try (MetricsLog third = MetricsLog.resume(there, objects, 4, 3)) {
      write(third, step(5));
    }
    Metrics whole =
        new Metrics(
            List.of(step(1), step(2), step(3), step(4), step(5)),
            List.of(epoch(1, 2), epoch(2, 4)));
    assertEquals(whole, MetricsLog.read(there, objects));
    assertEquals(whole, MetricsLog.readIfThere(there, objects));
    assertEquals(List.of("metrics.jsonl"), List.of(folder.toFile().list()));

    // It ends between being whole and letting go of what it was made from.
    MetricsLog.resume(there, objects, 5, 4).keep();
    assertEquals(whole, MetricsLog.readIfThere(there, objects));
  }

  @Test
  void aLogThatIsNotThereIsResumedAsEmpty() throws IOException {
    MetricsLog.resume(file, configuration, 10, ATTEMPT).close();

    assertEquals("", Files.readString(local()));
  }

  @Test
  void aLastLineCutOffByACrashIsIgnored() throws IOException {
    write(step(1));
    Files.writeString(local(), Files.readString(local()) + "{\"kind\":\"step\",\"st");

    assertEquals(List.of(step(1)), MetricsLog.read(file, configuration).steps());
  }

  @Test
  void aBadLineIsNamed() throws IOException {
    Files.writeString(local(), "{\"kind\":\"step\",\"step\":1}\n{\"kind\":\"pause\"}\n{}\n");

    IOException refused =
        assertThrows(IOException.class, () -> MetricsLog.read(file, configuration));
    assertEquals(
        file + " line 2 is not a metrics record: kind is neither step nor epoch",
        refused.getMessage());
  }

  @Test
  void whoWasOvertakenTakesNothingFromWhoOvertookHim() throws IOException {
    Configuration objects =
        FaultyFiles.mount("overtaken", FaultyFiles.Kind.OBJECTS, new NothingGoesWrong());
    Path there = FaultyFiles.path("overtaken", local());
    MetricsLog first = MetricsLog.resume(there, objects, 0, 1);
    write(first, step(1), step(2));
    first.keep();

    MetricsLog second = MetricsLog.resume(there, objects, 1, 2);
    write(second, step(2), step(3));
    second.keep();
    write(first, step(3));
    first.keep();
    first.close();

    assertEquals(
        List.of(step(1), step(2), step(3)), MetricsLog.readIfThere(there, objects).steps());
    write(second, step(4));
    second.close();
    assertEquals(
        List.of(step(1), step(2), step(3), step(4)), MetricsLog.read(there, objects).steps());
    assertEquals(List.of("metrics.jsonl"), List.of(folder.toFile().list()));
  }

  private static final class NothingGoesWrong implements Faults {
    @Override
    public Fault before(Operation operation, java.nio.file.Path path) {
      return Fault.NONE;
    }

    @Override
    public int pick(int bound) {
      return 0;
    }
  }

  private void write(Record... records) throws IOException {
    try (MetricsLog log = MetricsLog.resume(file, configuration, 0, ATTEMPT)) {
      write(log, records);
    }
  }

  private static void write(MetricsLog log, Record... records) throws IOException {
    for (Record metrics : records) {
      if (metrics instanceof StepMetrics step) {
        log.write(step);
      } else if (metrics instanceof EpochMetrics epoch) {
        log.write(epoch);
      }
    }
  }

  private java.nio.file.Path local() {
    return folder.resolve("metrics.jsonl");
  }

  private static StepMetrics step(long step) {
    return new StepMetrics(step, 0, 64 * step, 1.0 / step, 0.5, 0.001, 1000, step);
  }

  private static EpochMetrics epoch(int epoch, long step) {
    return new EpochMetrics(epoch, step, 64 * step, 0.3, 0.4, 0.9, 1000, step);
  }
}
