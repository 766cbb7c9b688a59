package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.report.EpochMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTest {

  private static final int P = 150_000;
  private static final Determinants DETERMINANTS = Determinants.of(Map.of("seed", "42"));

  @TempDir private Path folder;
  private CheckpointStore store;
  private final float[] theta = new float[P];
  private final float[][] state = new float[2][P];

  @BeforeEach
  void fill() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < P; i++) {
      theta[i] = Float.intBitsToFloat(random.nextInt() & 0x7f7fffff);
      state[0][i] = (float) random.nextDouble();
      state[1][i] = -i;
    }
    store =
        new CheckpointStore(
            new org.apache.hadoop.fs.Path(folder.resolve("checkpoints").toUri()),
            new Configuration());
  }

  @Test
  void whatShardsWroteIsReadWhole() throws IOException {
    store.commit(manifest(7, writeShards(7)));
    CheckpointStore.Snapshot snapshot = store.newest(Assertions::fail).orElseThrow();
    assertEquals(manifest(7, snapshot.manifest().shards()), snapshot.manifest());
    assertEquals(List.of(snapshot.manifest()), store.complete());
    assertArrayEquals(theta, snapshot.theta());
    assertArrayEquals(state[0], snapshot.state()[0]);
    assertArrayEquals(state[1], snapshot.state()[1]);
    assertEquals(7, snapshot.manifest().step());
  }

  @Test
  void withoutItsManifestACheckpointDoesNotExist() throws IOException {
    writeShards(7);
    IOException missing = assertThrows(IOException.class, () -> store.read(7));
    assertTrue(
        missing.getMessage().startsWith("no complete checkpoint of step 7 in "),
        missing.getMessage());
  }

  @Test
  void shardsThatDoNotCoverAllParametersAreNoCheckpoint() throws IOException {
    List<CheckpointManifest.ShardEntry> shards = writeShards(7);
    assertEquals(
        "checkpoint of step 7: no shard holds element 0 of θ",
        assertThrows(IllegalArgumentException.class, () -> manifest(7, shards.subList(1, 3)))
            .getMessage());
    assertEquals(
        "checkpoint of step 7: shards end at 98304 != parameters=150000",
        assertThrows(IllegalArgumentException.class, () -> manifest(7, shards.subList(0, 2)))
            .getMessage());
  }

  @Test
  void aFlippedBitIsFoundAndTheFileNamed() throws IOException {
    store.commit(manifest(7, writeShards(7)));
    Path file = shardFile();
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 4;
    overwrite(file, bytes);
    IOException damaged = assertThrows(IOException.class, () -> store.read(7));
    assertTrue(damaged.getMessage().contains(file.getFileName() + ": CRC32C="));
  }

  @Test
  void aTruncatedFileIsFoundAndNamed() throws IOException {
    store.commit(manifest(7, writeShards(7)));
    Path file = shardFile();
    byte[] bytes = Files.readAllBytes(file);
    overwrite(file, java.util.Arrays.copyOf(bytes, bytes.length - 1));
    IOException truncated = assertThrows(IOException.class, () -> store.read(7));
    assertTrue(truncated.getMessage().endsWith("the file is truncated"), truncated.getMessage());
  }

  @Test
  void earlierCheckpointsGoAndLaterOnesStay() throws IOException {
    store.commit(manifest(7, writeShards(7)));
    store.commit(manifest(20, writeShards(20)));
    writeShards(30);
    store.retain(new Retention(1, null));
    assertThrows(IOException.class, () -> store.read(7));
    assertEquals(20, store.read(20).manifest().step());
    try (Stream<Path> left = Files.list(folder.resolve("checkpoints"))) {
      assertEquals(2, left.count());
    }
  }

  private static void overwrite(Path file, byte[] bytes) throws IOException {
    Files.write(file, bytes);
  }

  private Path shardFile() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("shard-"))
          .sorted()
          .skip(1)
          .findFirst()
          .orElseThrow();
    }
  }

  private List<CheckpointManifest.ShardEntry> writeShards(long step) throws IOException {
    return List.of(
        writeShard(step, 0, 49_152), writeShard(step, 49_152, 98_304), writeShard(step, 98_304, P));
  }

  private CheckpointManifest.ShardEntry writeShard(long step, int begin, int end)
      throws IOException {
    float[][] part = new float[state.length][];
    for (int i = 0; i < part.length; i++) {
      part[i] = java.util.Arrays.copyOfRange(state[i], begin, end);
    }
    return store.writeShard(
        new ShardFile(begin, step, java.util.Arrays.copyOfRange(theta, begin, end), part),
        begin / 49_152,
        0);
  }

  private static CheckpointManifest manifest(
      long step, List<CheckpointManifest.ShardEntry> shards) {
    return new CheckpointManifest(
        CheckpointManifest.FORMAT_VERSION,
        "run-1",
        0,
        step,
        1,
        P,
        4,
        42,
        "data",
        "bits",
        DETERMINANTS.sha256(),
        DETERMINANTS,
        new RunProgress(
            1_000,
            20,
            Double.NaN,
            20,
            1,
            2.5,
            List.of(
                new EpochMetrics(
                    1, step, 1_000, 0.5, Double.NaN, 0.9, Double.POSITIVE_INFINITY, 3.25)),
            List.of(1.0, Double.NEGATIVE_INFINITY),
            List.of(new RateCut(3, 0.5)),
            List.of("a note")),
        shards,
        List.of());
  }
}
