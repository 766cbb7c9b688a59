package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.ps.optim.ModelState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The files of a checkpoint are written as the golden samples, and the samples are read. A change
 * of the bytes needs a new format version and a new sample.
 */
class CheckpointFormatTest {

  private static final ShardFile SHARD =
      new ShardFile(
          4096,
          20,
          new ModelState(
              new float[] {1, -0.5f, Float.NaN}, new float[][] {{0, 1e-30f, Float.MAX_VALUE}}));
  private static final ReplicaFile REPLICA =
      new ReplicaFile(3, 20, new float[][] {{1.5f, -2}, {0.1f, Float.POSITIVE_INFINITY}});
  private static final AttemptClaim CLAIM =
      new AttemptClaim(SampleRun.RUN, 2, Instant.parse("2026-01-02T03:04:05Z"), SampleRun.IDENTITY);
  private static final CheckpointManifest MANIFEST =
      new SampleRun(4099, 2, 1)
          .manifest(
              20,
              2,
              SampleRun.progress(20),
              List.of(
                  new CheckpointManifest.ShardEntry("shard-00000.attempt-2", 0, 4096, 40, 1),
                  new CheckpointManifest.ShardEntry("shard-00001.attempt-2", 4096, 4099, 64, 2)),
              List.of(new CheckpointManifest.ReplicaEntry("replica-00000.attempt-2", 0, 40, 3)));

  @TempDir private Path folder;

  @Test
  void parameterShard() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ShardFile.Written written = SHARD.write(out);
    byte[] golden = bytes("parameter-shard-v2.hex");
    assertArrayEquals(golden, out.toByteArray());
    float[] theta = new float[3];
    float[] state = new float[3];
    ShardFile.Reader reader = reader(golden, written);
    reader.read(0, 4096, 4099, theta, 0);
    reader.read(1, 4096, 4099, state, 0);
    assertArrayEquals(SHARD.model().theta(), theta);
    assertArrayEquals(SHARD.model().state()[0], state);
    assertEquals(
        "f: a parameter shard of format version 9 != 2 of this Lockstep: resume with the version"
            + " that wrote it, or train into another folder",
        assertThrows(IOException.class, () -> reader(ofVersion9(golden), written)).getMessage());
  }

  private FSDataInputStream open(byte[] content) throws IOException {
    Path file = Files.write(folder.resolve("shard"), content);
    return FileSystem.getLocal(new Configuration(false))
        .open(new org.apache.hadoop.fs.Path(file.toUri()));
  }

  private ShardFile.Reader reader(byte[] content, ShardFile.Written written) throws IOException {
    return new ShardFile.Reader(
        open(content),
        "f",
        new CheckpointManifest.ShardEntry("shard", 4096, 4099, written.bytes(), written.crc32c()),
        20);
  }

  @Test
  void replica() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ShardFile.Written written = REPLICA.write(out);
    byte[] golden = bytes("replica-v1.hex");
    assertArrayEquals(golden, out.toByteArray());
    ReplicaFile read = ReplicaFile.read(new ByteArrayInputStream(golden), "f", written);
    assertEquals(3, read.virtualWorker());
    assertEquals(20, read.step());
    assertArrayEquals(REPLICA.vectors(), read.vectors());
    assertEquals(
        "f: a virtual worker's file of format version 9 != 1 of this Lockstep: resume with the"
            + " version that wrote it, or train into another folder",
        assertThrows(
                IOException.class,
                () -> ReplicaFile.read(new ByteArrayInputStream(ofVersion9(golden)), "f", written))
            .getMessage());
  }

  @Test
  void attemptClaim() throws IOException {
    byte[] golden = resource("attempt-claim-v1.json");
    assertEquals(text(golden), text(ChecksummedJson.write(CLAIM)));
    assertEquals(CLAIM, ChecksummedJson.read(golden, "f", "a claim", 1, AttemptClaim.class));
    assertEquals(
        "f: a claim of format version 1 != 2 of this Lockstep: resume with the version that wrote"
            + " it, or train into another folder",
        assertThrows(
                IOException.class,
                () -> ChecksummedJson.read(golden, "f", "a claim", 2, AttemptClaim.class))
            .getMessage());
  }

  @Test
  void manifest() throws IOException {
    byte[] golden = resource("checkpoint-manifest-v3.json");
    assertEquals(text(golden), text(ChecksummedJson.write(MANIFEST)));
    assertEquals(
        MANIFEST, ChecksummedJson.read(golden, "f", "a manifest", 3, CheckpointManifest.class));
    assertEquals(
        "f: a manifest of format version 3 != 4 of this Lockstep: resume with the version that"
            + " wrote it, or train into another folder",
        assertThrows(
                IOException.class,
                () -> ChecksummedJson.read(golden, "f", "a manifest", 4, CheckpointManifest.class))
            .getMessage());
  }

  private static byte[] ofVersion9(byte[] file) {
    byte[] changed = file.clone();
    changed[8] = 9;
    return changed;
  }

  private static byte[] bytes(String name) throws IOException {
    return HexFormat.of().parseHex(text(resource(name)).replaceAll("\\s", ""));
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = CheckpointFormatTest.class.getResourceAsStream(name)) {
      return in.readAllBytes();
    }
  }

  private static String text(byte[] content) {
    return new String(content, StandardCharsets.UTF_8);
  }
}
