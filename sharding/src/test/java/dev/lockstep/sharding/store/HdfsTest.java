package dev.lockstep.sharding.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.plan.Part;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.store.MicroBatchStream.Item;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same on a real HDFS of one node. */
class HdfsTest {

  @TempDir static Path folder;
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
    Dataset dataset = SampleData.write("/data/sample", conf, 100, 40, 7);
    assertTrue(dataset.location().startsWith("hdfs://"), dataset.location());
    assertEquals(dataset, Datasets.open("/data/sample", conf));
    // Executors open the qualified location, whatever their default file system is.
    Configuration elsewhere = new Configuration();
    Split split = Split.of(1, 0, dataset.shardSet().blockSizes());
    StreamRequest request =
        new StreamRequest(dataset, split, Part.TRAINING, 1, 2, 0, 2, 9, 16, 0, 0, 1, 2);
    int examples = 0;
    try (MicroBatchStream stream = new MicroBatchStream(request, elsewhere)) {
      for (Item item = stream.next(); item != null; item = stream.next()) {
        examples += item.batch().examples();
      }
    }
    assertEquals(100, examples);
    Dataset replaced = SampleData.replace("/data/sample", conf, 20, 40, 7);
    Datasets.verify(replaced, elsewhere);
    assertEquals(replaced, Datasets.open(dataset.location(), elsewhere));
  }

  @Test
  void sameBytesAsOnTheLocalFileSystem() throws IOException {
    Dataset onHdfs = SampleData.write("/data/same", conf, 100, 40, 7);
    Dataset local =
        SampleData.write(folder.resolve("same").toString(), new Configuration(), 100, 40, 7);
    assertEquals(local.shardSet(), onHdfs.shardSet());
  }

  @Test
  void placesWithoutADatasetAreNamed() throws IOException {
    assertFalse(Datasets.exists("/nothing", conf));
    assertEquals(
        "no dataset at %s/nothing: it does not exist".formatted(FileSystem.get(conf).getUri()),
        assertThrows(IOException.class, () -> Datasets.open("/nothing", conf)).getMessage());
  }
}
