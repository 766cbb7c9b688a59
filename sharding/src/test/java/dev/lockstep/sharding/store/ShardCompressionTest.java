package dev.lockstep.sharding.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.sharding.read.MicroBatchStream.Item;
import dev.lockstep.sharding.read.SampleData;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.apache.arrow.compression.CommonsCompressionFactory;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Data shards whose blocks are compressed. */
class ShardCompressionTest {

  private static final Configuration CONF = new Configuration();
  private static final int EXAMPLES = 300;

  @TempDir Path folder;

  private ShardedDataset write(String to, ShardCompression compression) throws IOException {
    return SampleData.write(folder.resolve(to).toString(), CONF, EXAMPLES, 150, 64, compression);
  }

  private static Path file(ShardedDataset dataset, int shard) {
    return Path.of(URI.create(dataset.location()))
        .resolve(dataset.manifest().shards().get(shard).file());
  }

  private static void overwrite(Path file, byte[] bytes) throws IOException {
    Files.write(file, bytes);
    Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
  }

  private static List<float[]> values(ShardedDataset dataset) throws Exception {
    List<float[]> values = new ArrayList<>();
    Holdout holdout = Holdout.of(1, 0, dataset.manifest().blockSizes());
    StreamRequest request =
        new StreamRequest(
            dataset,
            Examples.of(holdout, Split.TRAINING),
            new Order(1, Shuffle.within(50)),
            Workers.all(3),
            7,
            new EpochRange(0, 0, 2),
            Reading.ahead(2));
    try (MicroBatchStream stream = new MicroBatchStream(request, CONF)) {
      for (Item item = stream.next(); item != null; item = stream.next()) {
        MicroBatch batch = item.batch();
        values.addAll(batch.values());
      }
    }
    return values;
  }

  @ParameterizedTest
  @EnumSource
  void handsOutTheSameMicroBatches(ShardCompression compression) throws Exception {
    List<float[]> plain = values(write("plain", ShardCompression.NONE));
    ShardedDataset dataset = write("compressed", compression);
    ShardedDatasets.verify(ShardedDatasets.open(dataset.location(), CONF), CONF);
    List<float[]> compressed = values(dataset);
    assertEquals(plain.size(), compressed.size());
    for (int i = 0; i < plain.size(); i++) {
      assertArrayEquals(plain.get(i), compressed.get(i));
    }
  }

  @ParameterizedTest
  @EnumSource
  void sameExamplesGiveTheSameBytes(ShardCompression compression) throws IOException {
    ShardedDataset once = write("once", compression);
    ShardedDataset again = write("again", compression);
    assertEquals(once.manifest(), again.manifest());
    for (int s = 0; s < 2; s++) {
      assertArrayEquals(Files.readAllBytes(file(once, s)), Files.readAllBytes(file(again, s)));
    }
  }

  @ParameterizedTest
  @CsvSource({"LZ4", "ZSTD"})
  void compressedShardsAreSmaller(ShardCompression compression) throws IOException {
    DataShard plain = write("plain", ShardCompression.NONE).manifest().shards().get(0);
    DataShard compressed = write("compressed", compression).manifest().shards().get(0);
    assertTrue(compressed.bytes() < plain.bytes(), compressed.bytes() + " of " + plain.bytes());
  }

  @ParameterizedTest
  @EnumSource
  void plainArrowReadsTheShards(ShardCompression compression) throws IOException {
    ShardedDataset dataset = write("data", compression);
    int example = 0;
    for (int s = 0; s < 2; s++) {
      try (RootAllocator allocator = new RootAllocator();
          ArrowFileReader reader =
              new ArrowFileReader(
                  Files.newByteChannel(file(dataset, s)),
                  allocator,
                  CommonsCompressionFactory.INSTANCE)) {
        while (reader.loadNextBatch()) {
          FixedSizeListVector lists =
              (FixedSizeListVector) reader.getVectorSchemaRoot().getVector("features");
          Float4Vector values = (Float4Vector) lists.getDataVector();
          IntVector labels = (IntVector) reader.getVectorSchemaRoot().getVector("labels");
          assertEquals(0, lists.getNullCount() + values.getNullCount() + labels.getNullCount());
          for (int row = 0; row < labels.getValueCount(); row++, example++) {
            assertEquals(2 * example, values.get(3 * row + 1));
            assertEquals(example % SampleData.CLASSES, labels.get(row));
          }
        }
      }
    }
    assertEquals(EXAMPLES, example);
  }

  @ParameterizedTest
  @CsvSource({"LZ4", "ZSTD"})
  void anyFlippedBitOfABlockIsFound(ShardCompression compression) throws IOException {
    ShardedDataset dataset = write("data", compression);
    Path file = file(dataset, 1);
    byte[] whole = Files.readAllBytes(file);
    DataBlock block = dataset.manifest().shards().get(1).blocks().get(1);
    for (long at = block.offset(); at < block.end(); at += 41) {
      byte[] bytes = whole.clone();
      bytes[(int) at] ^= (byte) (1 << (at % 8));
      overwrite(file, bytes);
      IOException damaged =
          assertThrows(IOException.class, () -> ShardedDatasets.verify(dataset, CONF));
      String expected =
          "data shard file:%s, block 1 (bytes %d to %d) is damaged: its CRC32C is"
              .formatted(file, block.offset(), block.end() - 1);
      assertTrue(damaged.getMessage().startsWith(expected), damaged.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({"LZ4", "ZSTD"})
  void aCutFileIsNamed(ShardCompression compression) throws IOException {
    ShardedDataset dataset = write("data", compression);
    Path file = file(dataset, 0);
    byte[] whole = Files.readAllBytes(file);
    overwrite(file, Arrays.copyOf(whole, whole.length / 2));
    IOException opening =
        assertThrows(IOException.class, () -> ShardedDatasets.open(dataset.location(), CONF));
    assertEquals(
        "data shard file:%s has %d bytes, the manifest says %d: it was cut or changed; restore it or shard the data again"
            .formatted(file, whole.length / 2, whole.length),
        opening.getMessage());
    IOException reading =
        assertThrows(IOException.class, () -> ShardedDatasets.verify(dataset, CONF));
    assertTrue(
        reading.getMessage().startsWith("data shard file:" + file + ", block "),
        reading.getMessage());
  }

  /** As when damaged bytes were written: the checksum is right, the content is not. */
  @ParameterizedTest
  @CsvSource({"LZ4", "ZSTD"})
  void aDamagedCompressedBlockIsAClearErrorWhateverIsDamaged(ShardCompression compression)
      throws IOException {
    ShardedDataset dataset = write("data", compression);
    Path file = file(dataset, 0);
    byte[] whole = Files.readAllBytes(file);
    DataBlock block = dataset.manifest().shards().get(0).blocks().get(0);
    int refused = 0;
    for (long at = block.offset(); at < block.end(); at += 3) {
      byte[] bytes = whole.clone();
      bytes[(int) at] ^= (byte) (1 << (at % 8));
      overwrite(file, bytes);
      try (BlockReader reader = new BlockReader(withTrueChecksum(dataset, bytes), CONF)) {
        reader.read(0);
      } catch (IOException e) {
        refused++;
        String expected = "data shard file:%s, block 0 (bytes".formatted(file);
        assertTrue(e.getMessage().startsWith(expected), e.getMessage());
        assertTrue(e.getMessage().contains(" is not what its manifest says: "), e.getMessage());
      }
    }
    assertTrue(refused > 50, refused + " damages refused");
  }

  private static ShardedDataset withTrueChecksum(ShardedDataset dataset, byte[] bytes) {
    DatasetManifest set = dataset.manifest();
    DataShard shard = set.shards().get(0);
    List<DataBlock> blocks = new ArrayList<>(shard.blocks());
    DataBlock block = blocks.get(0);
    CRC32C crc = new CRC32C();
    crc.update(bytes, (int) block.offset(), block.length());
    blocks.set(
        0, new DataBlock(block.examples(), block.offset(), block.length(), (int) crc.getValue()));
    List<DataShard> shards = new ArrayList<>(set.shards());
    shards.set(0, SampleData.withBlocks(shard, blocks));
    return new ShardedDataset(dataset.location(), SampleData.manifest(shards));
  }

  @Test
  void anUnknownCompressionIsRefused() {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> ShardCompression.named((byte) 7));
    assertEquals("its compression is of the unknown kind 7", refused.getMessage());
  }

  @Test
  void withoutArrowCompressionTheRefusalSaysWhatToDo() throws Exception {
    URL[] without =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(jar -> !jar.contains("arrow-compression"))
            .map(ShardCompressionTest::url)
            .toArray(URL[]::new);
    try (URLClassLoader spark35 =
        new URLClassLoader(without, ClassLoader.getPlatformClassLoader())) {
      Class<?> compression = spark35.loadClass(ShardCompression.class.getName());
      Method require = compression.getMethod("requireAvailable");
      for (Object each : compression.getEnumConstants()) {
        if (!each.toString().equals("ZSTD")) {
          require.invoke(each);
          continue;
        }
        InvocationTargetException refused =
            assertThrows(InvocationTargetException.class, () -> require.invoke(each));
        assertEquals(
            "compression zstd needs arrow-compression, which this Spark does not bring: shard the"
                + " data with another compression, or add org.apache.arrow:arrow-compression in the"
                + " version of Spark's Arrow (--jars)",
            refused.getCause().getMessage());
      }
    }
  }

  private static URL url(String entry) {
    try {
      return new File(entry).toURI().toURL();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
