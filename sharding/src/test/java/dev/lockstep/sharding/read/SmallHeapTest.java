package dev.lockstep.sharding.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.MicroBatchStream.Item;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardCompression;
import dev.lockstep.sharding.store.ShardWriter;
import dev.lockstep.sharding.store.ShardedDatasets;
import dev.lockstep.sharding.store.Staging;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A worker whose heap is a tenth of the dataset. */
class SmallHeapTest {

  private static final Configuration CONF = new Configuration();
  private static final int HEAP_MIB = 32;
  private static final int FEATURES = 1024;
  private static final int BLOCK = 64;
  private static final int EXAMPLES = 84_000;
  private static final int EPOCHS = 3;
  private static final long MIB = 1 << 20;
  private static final Pattern SPACE = Pattern.compile(" ");

  @TempDir Path folder;

  private static final List<TensorSpec> TENSORS =
      List.of(
          new TensorSpec(
              "features", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(FEATURES)),
          new TensorSpec(
              "labels", TensorSpec.Role.LABELS, TensorSpec.Encoding.CLASS_INDEX, List.of(10)));

  private static void write(Path location, ShardCompression compression) throws IOException {
    try (Staging staging = Staging.begin(location.toString(), CONF, IfExists.REFUSE)) {
      org.apache.hadoop.fs.Path file =
          new org.apache.hadoop.fs.Path(
              staging.folder(), Staging.attemptFile(0, Split.TRAINING, 0));
      FileSystem files = file.getFileSystem(CONF);
      DataShard shard;
      try (ShardWriter writer = new ShardWriter(files, file, TENSORS, BLOCK, compression)) {
        float[] features = new float[FEATURES];
        for (int i = 0; i < EXAMPLES; i++) {
          for (int f = 0; f < FEATURES; f++) {
            features[f] = (i + 7 * f) % 251;
          }
          writer.add(Example.of(features, new float[] {i % 10}));
        }
        shard = writer.finish();
      }
      staging.commit(
          List.of(shard),
          named -> new DatasetManifest("large", TENSORS, Map.of(), named, Map.of()));
    }
  }

  /** The worker: reads all epochs, and after each says what it holds. */
  static final class Worker {

    private Worker() {}

    public static void main(String[] args) throws Exception {
      ShardedDataset dataset = ShardedDatasets.open(args[0], CONF);
      Holdout holdout = Holdout.of(1, 0, dataset.manifest().blockSizes());
      long before = liveHeap();
      StreamRequest request =
          new StreamRequest(
              dataset,
              Examples.of(holdout, Split.TRAINING),
              new Order(1, Shuffle.within(256)),
              Workers.all(2),
              32,
              new EpochRange(0, 0, EPOCHS),
              Reading.ahead(3));
      long examples = 0;
      int epoch = 0;
      try (MicroBatchStream stream = new MicroBatchStream(request, CONF)) {
        for (Item item = stream.next(); item != null; item = stream.next()) {
          examples += item.batch().examples();
          if (item.epoch() != epoch) {
            epoch = item.epoch();
            System.out.printf(
                "HOLDS %d %d %d%n", liveHeap() - before, direct(), request.residentBytes());
          }
        }
      }
      System.out.println("EXAMPLES " + examples);
    }

    private static long liveHeap() {
      System.gc();
      return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /** Direct memory, in which Arrow's is. */
    private static long direct() {
      return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
          .filter(pool -> pool.getName().equals("direct"))
          .mapToLong(BufferPoolMXBean::getMemoryUsed)
          .sum();
    }
  }

  private static List<String> run(Path location) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + HEAP_MIB + "m",
                // Arrow's memory counts against this limit.
                "-XX:MaxDirectMemorySize=" + HEAP_MIB + "m",
                "-XX:+UseSerialGC",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Worker.class.getName(),
                location.toString())
            .redirectErrorStream(true)
            .start();
    List<String> lines = new ArrayList<>();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        lines.add(line);
      }
      assertTrue(process.waitFor(20, TimeUnit.SECONDS));
      assertEquals(0, process.exitValue(), () -> String.join("\n", lines));
    } finally {
      process.destroyForcibly();
    }
    return lines;
  }

  @ParameterizedTest
  @CsvSource("ZSTD")
  void aTenthOfTheDatasetIsHeapEnoughAndWhatIsHeldStaysTheSame(ShardCompression compression)
      throws Exception {
    assertTrue((long) EXAMPLES * FEATURES * Float.BYTES > 10 * HEAP_MIB * MIB);
    Path location = folder.resolve("large");
    write(location, compression);
    List<String> lines = run(location);
    assertTrue(lines.contains("EXAMPLES " + (long) EXAMPLES * EPOCHS), String.join("\n", lines));
    List<long[]> held = new ArrayList<>();
    for (String line : lines) {
      if (line.startsWith("HOLDS ")) {
        held.add(
            SPACE
                .splitAsStream(line.substring("HOLDS ".length()))
                .mapToLong(Long::parseLong)
                .toArray());
      }
    }
    assertEquals(EPOCHS - 1, held.size());
    for (long[] each : held) {
      // Classes and file system objects that came with the first block are not the stream's. What
      // is held at one moment lies anywhere below the bound; a leak of a hundredth of what is read
      // would be above it, and above the heap, before the last epoch.
      assertTrue(each[0] <= each[2] + 3 * MIB, "holds " + each[0] + " of " + each[2]);
      assertTrue(Math.abs(each[1] - held.get(0)[1]) <= MIB, "direct memory is now " + each[1]);
    }
  }
}
