package dev.lockstep.sharding.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.read.SampleData;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Writing, opening and checking datasets, on the local file system. */
class DatasetFilesTest {

  private static final Configuration CONF = new Configuration();

  @TempDir Path folder;
  private String location;
  private ShardedDataset dataset;

  @BeforeEach
  void writeDataset() throws IOException {
    location = folder.resolve("data").toString();
    dataset = SampleData.write(location, CONF, 50, 20, 8);
  }

  private Path shardFile(int shard) {
    return folder.resolve("data").resolve(dataset.manifest().shards().get(shard).file());
  }

  /** Overwrites a file behind the back of Hadoop's checksummed local file system. */
  private static void overwrite(Path file, byte[] bytes) throws IOException {
    Files.write(file, bytes);
    Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
  }

  private static String refusal(Executable run) {
    return assertThrows(IOException.class, run).getMessage();
  }

  @Test
  void opensAsWritten() throws IOException {
    ShardedDataset opened = ShardedDatasets.open(location, CONF);
    assertEquals(dataset, opened);
    assertEquals(50, opened.manifest().examples());
    assertArrayEquals(new int[] {8, 8, 4, 8, 8, 4, 8, 2}, opened.manifest().blockSizes());
    assertEquals(Map.of("labels", List.of("a", "b", "c", "d", "e")), opened.manifest().classes());
    ShardedDatasets.verify(opened, CONF);
    assertTrue(ShardedDatasets.exists(location, CONF));
    assertFalse(ShardedDatasets.exists(folder.toString(), CONF));
  }

  @Test
  void theBytesAreFrozen() {
    assertEquals(
        "87a065411493eaafb3de2c74edff22ecc73f9f0fb022c67f9f34f85e58adb197",
        dataset.manifest().fingerprint());
  }

  @Test
  void plainArrowReadsTheShards() throws IOException {
    int example = 0;
    for (int s = 0; s < 3; s++) {
      try (RootAllocator allocator = new RootAllocator();
          ArrowFileReader reader =
              new ArrowFileReader(Files.newByteChannel(shardFile(s)), allocator)) {
        Field features = reader.getVectorSchemaRoot().getSchema().findField("features");
        assertEquals(
            Map.of(
                "lockstep.role", "FEATURES",
                "lockstep.encoding", "FLOAT32",
                "lockstep.shape", "3"),
            features.getMetadata());
        assertEquals(
            Map.of("lockstep.format", "1"),
            reader.getVectorSchemaRoot().getSchema().getCustomMetadata());
        while (reader.loadNextBatch()) {
          FixedSizeListVector lists =
              (FixedSizeListVector) reader.getVectorSchemaRoot().getVector("features");
          Float4Vector values = (Float4Vector) lists.getDataVector();
          IntVector labels = (IntVector) reader.getVectorSchemaRoot().getVector("labels");
          assertEquals(0, lists.getNullCount() + values.getNullCount() + labels.getNullCount());
          for (int row = 0; row < labels.getValueCount(); row++, example++) {
            assertEquals(example, values.get(3 * row));
            assertEquals(2 * example, values.get(3 * row + 1));
            assertEquals(-example / 4f, values.get(3 * row + 2));
            assertEquals(example % SampleData.CLASSES, labels.get(row));
          }
        }
      }
    }
    assertEquals(50, example);
  }

  @Test
  void theManifestHoldsTheChecksumOfEachFileAndBlock() throws IOException {
    for (int s = 0; s < 3; s++) {
      DataShard shard = dataset.manifest().shards().get(s);
      byte[] bytes = Files.readAllBytes(shardFile(s));
      assertEquals(shard.bytes(), bytes.length);
      CRC32C crc = new CRC32C();
      crc.update(bytes);
      assertEquals((int) crc.getValue(), shard.crc32c());
      crc.reset();
      crc.update(bytes, (int) shard.blocks().get(1).offset(), shard.blocks().get(1).length());
      assertEquals((int) crc.getValue(), shard.blocks().get(1).crc32c());
    }
  }

  @Test
  void anyFlippedBitOfABlockIsFound() throws IOException {
    Path file = shardFile(1);
    byte[] whole = Files.readAllBytes(file);
    DataShard shard = dataset.manifest().shards().get(1);
    for (int block = 0; block < shard.blocks().size(); block++) {
      long from = shard.blocks().get(block).offset();
      for (long at = from; at < shard.blocks().get(block).end(); at += 37) {
        byte[] bytes = whole.clone();
        bytes[(int) at] ^= (byte) (1 << (at % 8));
        overwrite(file, bytes);
        String message = refusal(() -> ShardedDatasets.verify(dataset, CONF));
        String expected =
            "data shard file:%s, block %d (bytes %d to %d) is damaged: its CRC32C is"
                .formatted(file, block, from, shard.blocks().get(block).end() - 1);
        assertTrue(message.startsWith(expected), message);
        assertTrue(message.endsWith("restore the file or shard the data again"), message);
      }
    }
  }

  @Test
  void damageIsFoundByTheBlocksOwnChecksumAlsoWhereHadoopKeepsOne() throws IOException {
    byte[] bytes = Files.readAllBytes(shardFile(0));
    bytes[(int) dataset.manifest().shards().get(0).blocks().get(0).offset() + 9] ^= 1;
    Files.write(shardFile(0), bytes);
    String message = refusal(() -> ShardedDatasets.verify(dataset, CONF));
    assertTrue(
        message.startsWith("data shard file:" + shardFile(0) + ", block 0 (bytes "), message);
    assertTrue(message.contains("is damaged: its CRC32C is"), message);
  }

  @Test
  void aCutFileIsNamedOnOpeningAndOnReading() throws IOException {
    Path file = shardFile(2);
    byte[] bytes = Files.readAllBytes(file);
    overwrite(file, Arrays.copyOf(bytes, bytes.length / 2));
    assertEquals(
        "data shard file:%s has %d bytes, the manifest says %d: it was cut or changed; restore it or shard the data again"
            .formatted(file, bytes.length / 2, bytes.length),
        refusal(() -> ShardedDatasets.open(location, CONF)));
    String message = refusal(() -> ShardedDatasets.verify(dataset, CONF));
    assertTrue(
        message.matches("data shard file:.*shard-00002.arrow, block \\d .* cannot be read: .*"),
        message);
  }

  @Test
  void aMissingShardIsNamed() throws IOException {
    Files.delete(shardFile(1));
    assertEquals(
        "data shard file:%s is missing, but the manifest names it: restore it or shard the data again"
            .formatted(shardFile(1)),
        refusal(() -> ShardedDatasets.open(location, CONF)));
  }

  @Test
  void placesWithoutADatasetAreNamed() throws IOException {
    assertEquals(
        "no dataset at file:%s/none: it does not exist".formatted(folder),
        refusal(() -> ShardedDatasets.open(folder + "/none", CONF)));
    assertEquals(
        "no sharded dataset at file:%s: it has no manifest.json, so it is something else or its sharding did not finish"
            .formatted(folder),
        refusal(() -> ShardedDatasets.open(folder.toString(), CONF)));
  }

  private void editManifest(UnaryOperator<String> edit) throws IOException {
    Path file = folder.resolve("data").resolve(ManifestFile.NAME);
    overwrite(file, edit.apply(Files.readString(file)).getBytes(StandardCharsets.UTF_8));
  }

  private String manifestRefusal() {
    String message = refusal(() -> ShardedDatasets.open(location, CONF));
    String prefix = "manifest file:%s/data/manifest.json".formatted(folder);
    assertTrue(message.startsWith(prefix), message);
    return message.substring(prefix.length());
  }

  @Test
  void aManifestOfAnotherVersionIsRefused() throws IOException {
    editManifest(json -> json.replace("\"formatVersion\" : 2", "\"formatVersion\" : 3"));
    assertEquals(
        " has formatVersion=3 > 2, the newest that this Lockstep reads: use a newer Lockstep, or"
            + " shard the data again",
        manifestRefusal());
    editManifest(json -> json.replace("\"formatVersion\" : 3", "\"formatVersion\" : 0"));
    assertEquals(
        " has formatVersion=0 < 2, the oldest that this Lockstep reads: shard the data again",
        manifestRefusal());
    editManifest(json -> json.replace("\"formatVersion\" : 0,", ""));
    assertEquals(
        " has no formatVersion: it is not the manifest of a dataset; shard the data again",
        manifestRefusal());
  }

  @Test
  void anEditedManifestIsRefused() throws IOException {
    editManifest(json -> json.replace("\"shape\" : [ 3 ]", "\"shape\" : [ 1, 3 ]"));
    String message = manifestRefusal();
    assertTrue(
        message.endsWith(
            ": it was changed after it was written; restore it or shard the data again"),
        message);
  }

  @Test
  void aBrokenManifestIsRefused() throws IOException {
    editManifest(json -> json.replace("\"tensors\"", "\"tensor\""));
    assertEquals(": Missing creator property 'tensors' (index 1)", manifestRefusal());
    editManifest(json -> json.substring(0, 40));
    assertTrue(manifestRefusal().startsWith(" is not JSON: "));
  }

  @Test
  void aSecondDatasetIsRefusedOrReplacesTheFirst() throws IOException {
    assertEquals(
        "file:%s/data already holds a dataset: choose another folder, or ask to replace it"
            .formatted(folder),
        refusal(() -> Staging.begin(location, CONF, IfExists.REFUSE)));
    Path old = shardFile(0);
    assertTrue(Files.exists(old));
    Files.writeString(folder.resolve("data").resolve("notes.txt"), "mine");
    ShardedDataset replaced = SampleData.replace(location, CONF, 33, 20, 8);
    assertEquals(33, ShardedDatasets.open(location, CONF).manifest().examples());
    ShardedDatasets.verify(replaced, CONF);
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(folder.resolve("data").resolve("notes.txt")));
    // The same data once more: the place is taken until the manifest has changed.
    ShardedDataset again = SampleData.replace(location, CONF, 33, 20, 8);
    assertEquals(replaced.manifest().fingerprint(), again.manifest().fingerprint());
    ShardedDatasets.verify(ShardedDatasets.open(location, CONF), CONF);
    try (Stream<Path> left = Files.list(folder.resolve("data"))) {
      assertEquals(1, left.filter(p -> p.getFileName().toString().startsWith("data-")).count());
    }
  }

  @Test
  void anUnfinishedDatasetLeavesNothingThatLooksComplete() throws IOException {
    String unfinished = folder.resolve("unfinished").toString();
    try (Staging staging = Staging.begin(unfinished, CONF, IfExists.REFUSE)) {
      Files.writeString(Path.of(URI.create(staging.folder())).resolve("x"), "half");
      assertFalse(ShardedDatasets.exists(unfinished, CONF));
    }
    try (Stream<Path> left = Files.list(Path.of(unfinished))) {
      assertEquals(0, left.count());
    }
  }

  @Test
  void beginningDeletesWhatHasNotChangedForDays() throws IOException {
    Path killed = folder.resolve("killed");
    for (String name : List.of("old", "young")) {
      Path file = killed.resolve("_writing-" + name + "/shard-00000.training.attempt-1.arrow");
      Files.createDirectories(file.getParent());
      Files.writeString(file, "half");
      Files.setLastModifiedTime(
          file,
          FileTime.from(
              Instant.now()
                  .minus(Leftovers.STALE_AFTER)
                  .plusSeconds(name.equals("old") ? -60 : 3600)));
    }
    SampleData.write(killed.toString(), CONF, 10, 20, 8);
    assertFalse(Files.exists(killed.resolve("_writing-old")));
    assertTrue(Files.exists(killed.resolve("_writing-young")));
    ShardedDatasets.verify(ShardedDatasets.open(killed.toString(), CONF), CONF);
  }

  @Test
  void foldersThatOnlyLookLikeOursAreLeftAlone() throws IOException {
    Path data = folder.resolve("data");
    for (String name : List.of("data-raw", "data-0123456789ab", "data-0123456789abc")) {
      Files.createDirectories(data.resolve(name));
      Files.writeString(data.resolve(name).resolve("mine.csv"), "1,2");
    }
    SampleData.replace(location, CONF, 33, 20, 8);
    for (String name : List.of("data-raw", "data-0123456789ab", "data-0123456789abc")) {
      assertTrue(Files.exists(data.resolve(name).resolve("mine.csv")), name);
    }
  }

  @Test
  void filesOfFailedAttemptsAreDeletedOnCommit() throws IOException {
    Path files = folder.resolve("attempts");
    SampleData.write(
        files.toString(),
        CONF,
        10,
        20,
        8,
        staging -> Files.writeString(Path.of(URI.create(staging)).resolve("stray"), "half"));
    try (Stream<Path> all = Files.walk(files)) {
      assertTrue(all.noneMatch(file -> file.endsWith("stray")));
    }
  }

  @Test
  void aShardThatIsNotFinishedIsDeleted() throws IOException {
    FileSystem local = FileSystem.getLocal(CONF);
    Path file = folder.resolve("half.arrow");
    try (ShardWriter writer =
        new ShardWriter(
            local, new org.apache.hadoop.fs.Path(file.toUri()), SampleData.TENSORS, 2)) {
      for (int i = 0; i < 5; i++) {
        writer.add(SampleData.example(i));
      }
      assertEquals(5, writer.examples());
      assertTrue(Files.exists(file));
    }
    assertFalse(Files.exists(file));
  }

  @Test
  void examplesThatDoNotFitAndBlocksThatAreTooLargeAreRefused() throws IOException {
    FileSystem local = FileSystem.getLocal(CONF);
    org.apache.hadoop.fs.Path file =
        new org.apache.hadoop.fs.Path(folder.resolve("refused.arrow").toUri());
    try (ShardWriter writer = new ShardWriter(local, file, SampleData.TENSORS, 2)) {
      assertRefused(
          "example has 1 arrays, the dataset 2 tensors: one array per tensor",
          () -> Example.of(new float[3]).check(SampleData.TENSORS));
      assertRefused(
          "tensor features: 2 values != 3 for FLOAT32 of shape [3]",
          () -> Example.of(new float[2], new float[1]).check(SampleData.TENSORS));
      assertRefused(
          "tensor features: value[1]=NaN is not a finite number: remove or replace it",
          () -> Example.of(new float[] {1, Float.NaN, 0}, new float[1]).check(SampleData.TENSORS));
      assertRefused(
          "tensor labels: class 5.0 is not an integer in [0, 5)",
          () -> Example.of(new float[3], new float[] {5}).check(SampleData.TENSORS));
      assertRefused(
          "tensor labels: class 0.5 is not an integer in [0, 5)",
          () -> Example.of(new float[3], new float[] {0.5f}).check(SampleData.TENSORS));
      assertEquals(0, writer.examples());
      assertThrows(IllegalStateException.class, writer::finish);
    }
    assertRefused(
        "blockExamples=1000000 of tensor big with 1000 elements are 4000000000 bytes: lower the"
            + " block size",
        () ->
            new ShardWriter(
                local,
                file,
                List.of(
                    new TensorSpec(
                        "big",
                        TensorSpec.Role.FEATURES,
                        TensorSpec.Encoding.FLOAT32,
                        List.of(1000))),
                1_000_000));
  }

  private static void assertRefused(String message, Executable run) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, run).getMessage());
  }
}
