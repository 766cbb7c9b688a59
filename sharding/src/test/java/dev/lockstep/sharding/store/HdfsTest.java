package dev.lockstep.sharding.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same on a real HDFS of one node. */
class HdfsTest {

  @TempDir static java.nio.file.Path folder;
  private static MiniDFSCluster cluster;
  private static Configuration conf;

  @BeforeAll
  static void start() throws IOException {
    Configuration settings = new Configuration();
    settings.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.toString());
    cluster = new MiniDFSCluster.Builder(settings).numDataNodes(1).build();
    cluster.waitActive();
    conf = new Configuration();
    conf.set("fs.defaultFS", cluster.getURI().toString());
  }

  @AfterAll
  static void stop() {
    if (cluster != null) {
      cluster.shutdown(true);
    }
  }

  @Test
  void writesReadsAndReplacesOnHdfs() throws Exception {
    ShardedDataset dataset = SampleData.write("/data/sample", conf, 100, 40, 7);
    assertTrue(dataset.location().startsWith("hdfs://"), dataset.location());
    assertEquals(dataset, ShardedDatasets.open("/data/sample", conf));
    // Executors open the qualified location, whatever their default file system is.
    Configuration elsewhere = new Configuration();
    Holdout holdout = Holdout.of(1, 0, dataset.manifest().blockSizes());
    StreamRequest request =
        new StreamRequest(
            dataset,
            Examples.of(holdout, Split.TRAINING),
            new Order(1, Shuffle.within(16)),
            Workers.all(2),
            9,
            EpochRange.only(0),
            Reading.ahead(2));
    int examples = 0;
    try (MicroBatchStream stream = new MicroBatchStream(request, elsewhere)) {
      for (Item item = stream.next(); item != null; item = stream.next()) {
        examples += item.batch().examples();
      }
    }
    assertEquals(100, examples);
    ShardedDataset replaced = SampleData.replace("/data/sample", conf, 20, 40, 7);
    ShardedDatasets.verify(replaced, elsewhere);
    assertEquals(replaced, ShardedDatasets.open(dataset.location(), elsewhere));
  }

  @Test
  void sameBytesAsOnTheLocalFileSystem() throws IOException {
    ShardedDataset onHdfs = SampleData.write("/data/same", conf, 100, 40, 7);
    ShardedDataset local =
        SampleData.write(folder.resolve("same").toString(), new Configuration(), 100, 40, 7);
    assertEquals(local.manifest(), onHdfs.manifest());
  }

  @Test
  void placesWithoutADatasetAreNamed() throws IOException {
    assertFalse(ShardedDatasets.exists("/nothing", conf));
    assertEquals(
        "no dataset at %s/nothing: it does not exist".formatted(FileSystem.get(conf).getUri()),
        assertThrows(IOException.class, () -> ShardedDatasets.open("/nothing", conf)).getMessage());
  }

  @Test
  void twoJobsInOneLocationDoNotMixAndTheLastStands() throws IOException {
    FileSystem files = FileSystem.get(conf);
    Path location = new Path("/data/two");
    try (Staging first = Staging.begin("/data/two", conf, IfExists.REPLACE);
        Staging second = Staging.begin("/data/two", conf, IfExists.REPLACE)) {
      assertTrue(files.exists(new Path(first.folder())), "the second job deleted the first's");
      SampleData.write(first, files, 33);
      ShardedDataset last = SampleData.write(second, files, 45);
      assertEquals(last, ShardedDatasets.open("/data/two", conf));
      ShardedDatasets.verify(last, conf);
    }
    assertEquals(2, files.listStatus(location).length);
  }

  @Test
  void ofTwoJobsThatDoNotReplaceTheFirstStands() throws IOException {
    FileSystem files = FileSystem.get(conf);
    try (Staging first = Staging.begin("/data/refused", conf, IfExists.REFUSE);
        Staging same = Staging.begin("/data/refused", conf, IfExists.REFUSE);
        Staging other = Staging.begin("/data/refused", conf, IfExists.REFUSE)) {
      ShardedDataset stands = SampleData.write(first, files, 33);
      assertEquals(stands, SampleData.write(same, files, 33));
      IOException refused =
          assertThrows(IOException.class, () -> SampleData.write(other, files, 45));
      assertTrue(
          refused
              .getMessage()
              .endsWith(
                  "/data/refused already holds a dataset: choose another folder, or ask to replace"
                      + " it"),
          refused.getMessage());
      assertEquals(stands, ShardedDatasets.open("/data/refused", conf));
      ShardedDatasets.verify(stands, conf);
    }
    assertEquals(2, files.listStatus(new Path("/data/refused")).length);
  }

  @Test
  void whoOpensWhileItIsReplacedFindsOneOrTheOther() throws Exception {
    SampleData.write("/data/live", conf, 10, 40, 7);
    ExecutorService reader = Executors.newSingleThreadExecutor();
    AtomicBoolean ended = new AtomicBoolean();
    try {
      Future<Integer> opened =
          reader.submit(
              () -> {
                int times = 0;
                for (; !ended.get(); times++) {
                  ShardedDatasets.open("/data/live", conf);
                }
                return times;
              });
      for (int examples = 11; examples < 19; examples++) {
        SampleData.replace("/data/live", conf, examples, 40, 7);
      }
      ended.set(true);
      assertTrue(opened.get(30, TimeUnit.SECONDS) > 0);
    } finally {
      ended.set(true);
      reader.shutdownNow();
    }
  }

  @Test
  void whatHasNotChangedForDaysIsDeletedAndWhatIsYoungIsNot() throws IOException {
    FileSystem files = FileSystem.get(conf);
    long days = Leftovers.STALE_AFTER.toMillis();
    for (String name : List.of("old", "young")) {
      Path file =
          new Path("/data/left/_writing-%s/shard-00000.training.attempt-1.arrow".formatted(name));
      files.create(file).close();
      files.setTimes(
          file, System.currentTimeMillis() - days + (name.equals("old") ? -60_000 : 3_600_000), -1);
    }
    SampleData.write("/data/left", conf, 10, 40, 7);
    assertFalse(files.exists(new Path("/data/left/_writing-old")));
    assertTrue(files.exists(new Path("/data/left/_writing-young")));
  }
}
