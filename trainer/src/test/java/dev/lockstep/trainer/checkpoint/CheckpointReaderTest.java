package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.optim.ModelState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointReaderTest {

  private static final int PARAMETERS = 10 * ShardFile.BLOCK + 17;
  private static final long STEP = 7;
  private static final int VECTORS = 1 + SampleRun.STATE_VECTORS;

  private final SampleRun run = new SampleRun(PARAMETERS, 1, 1);

  @TempDir private Path folder;
  private CheckpointStore store;

  @BeforeEach
  void open() {
    store =
        new CheckpointStore(
            new org.apache.hadoop.fs.Path("recorded://" + folder),
            ReadRecorder.configure(new Configuration(false)));
    ReadRecorder.take();
  }

  /** Writes as so many servers would, each its range. */
  private CheckpointManifest written(int servers) throws IOException {
    ShardLayout layout = new ShardLayout(PARAMETERS, servers);
    ModelState whole = model();
    CheckpointManifest.ShardEntry[] shards = new CheckpointManifest.ShardEntry[servers];
    for (int s = 0; s < servers; s++) {
      ModelState range = whole.range(layout.begin(s), layout.end(s));
      shards[s] = store.writeShard(new ShardFile(layout.begin(s), STEP, range), s, 1);
    }
    CheckpointManifest manifest =
        run.manifest(STEP, 1, SampleRun.progress(STEP), List.of(shards), List.of());
    store.commit(manifest);
    return manifest;
  }

  private ModelState model() {
    return new ModelState(
        run.vector(STEP, 0), new float[][] {run.vector(STEP, 1), run.vector(STEP, 2)});
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "3, 3", "3, 2", "2, 5", "1, 4", "4, 1", "12, 7", "5, 12"})
  void anyNumberOfServersReadsWhatAnyOtherNumberWrote(int before, int after) throws IOException {
    CheckpointReader reader = store.open(written(before));
    ModelState whole = model();
    ShardLayout layout = new ShardLayout(PARAMETERS, after);
    ReadRecorder.take();
    long data = 0;
    for (int s = 0; s < after; s++) {
      int begin = layout.begin(s);
      int end = layout.end(s);
      ModelState read = reader.read(begin, end);
      ModelState expected = whole.range(begin, end);
      assertArrayEquals(expected.theta(), read.theta());
      assertArrayEquals(
          begin == end ? new float[0][] : expected.state(), read.state(), "server " + s);
      long bytes = ReadRecorder.take().stream().mapToLong(ReadRecorder.Read::bytes).sum();
      long own = 4L * VECTORS * (end - begin);
      assertTrue(
          bytes >= own && bytes <= own + before * heads(before),
          "server %d read %d bytes of its %d".formatted(s, bytes, own));
      data += own;
    }
    assertEquals(4L * VECTORS * PARAMETERS, data);
  }

  /** More bytes than a file of so many has before its vectors. */
  private static long heads(int servers) {
    int blocks = PARAMETERS / servers / ShardFile.BLOCK + 2;
    return 32 + 4L * VECTORS * blocks;
  }

  @Test
  void asManyServersAsBeforeReadEveryByteOnce() throws IOException {
    CheckpointManifest manifest = written(3);
    CheckpointReader reader = store.open(manifest);
    ReadRecorder.take();
    for (CheckpointManifest.ShardEntry entry : manifest.contents().shards()) {
      reader.read(entry.begin(), entry.end());
      List<ReadRecorder.Read> reads = ReadRecorder.take();
      assertTrue(
          reads.stream().allMatch(one -> one.file().endsWith("/" + entry.file())),
          reads.toString());
      long at = 0;
      for (ReadRecorder.Read one : reads) {
        assertEquals(at, one.from(), "in one go");
        at = one.to();
      }
      assertEquals(entry.bytes(), at);
    }
  }

  @Test
  void findingTheNewestCheckpointReadsNoShard() throws IOException {
    written(3);
    ReadRecorder.take();
    assertEquals(STEP, store.newest(warning -> {}).orElseThrow().step());
    for (ReadRecorder.Read one : ReadRecorder.take()) {
      assertEquals("step-000000000007/manifest.json", one.file());
    }
  }

  @Test
  void aRangeOfOneVectorIsReadAlone() throws IOException {
    CheckpointReader reader = store.open(written(3));
    int begin = 5;
    int end = PARAMETERS - 3;
    assertArrayEquals(
        Arrays.copyOfRange(run.vector(STEP, 2), begin, end), reader.vector(2, begin, end));
  }

  /** Whoever reads the damaged block refuses it; who reads another range does not see it. */
  @Test
  void everyFlippedBitIsFoundByTheServerOfItsRange() throws IOException {
    CheckpointManifest manifest = written(1);
    CheckpointReader reader = store.open(manifest);
    Path file = folder.resolve("step-000000000007/shard-00000.attempt-1");
    byte[] sound = Files.readAllBytes(file);
    ShardLayout layout = new ShardLayout(PARAMETERS, 2);
    for (int bit = 3; bit < 8 * sound.length; bit += 8 * 997) {
      byte[] damaged = sound.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file, damaged);
      int refused = 0;
      for (int s = 0; s < 2; s++) {
        try {
          reader.read(layout.begin(s), layout.end(s));
        } catch (IOException e) {
          refused++;
        }
      }
      long data = bit / 8 - (sound.length - 4L * VECTORS * PARAMETERS);
      assertEquals(data < 0 ? 2 : 1, refused, "bit " + bit);
    }
  }

  @Test
  void anotherFormatVersionIsNamed() throws IOException {
    CheckpointManifest manifest = written(1);
    Path file = folder.resolve("step-000000000007/shard-00000.attempt-1");
    byte[] bytes = Files.readAllBytes(file);
    bytes[8] = 1;
    Files.write(file, bytes);
    String message =
        assertThrows(IOException.class, () -> store.open(manifest).read(0, 1)).getMessage();
    assertTrue(
        message.contains(
            "shard-00000.attempt-1: a parameter shard of format version 1 != 2 of this Lockstep"),
        message);
  }
}
