package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same on a real HDFS of one node. */
class CheckpointsOnHdfsTest {

  @TempDir(factory = MemoryFolder.class)
  private static java.nio.file.Path folder;

  private static MiniDFSCluster cluster;
  private static Configuration conf;

  private final SampleRun run = new SampleRun(20_000, 2, 2);
  private final List<String> warnings = new ArrayList<>();

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
  void commitsFindsAndLetsGo() throws IOException {
    CheckpointStore store = new CheckpointStore(new Path("/kept"), conf);
    int attempt = store.claim(SampleRun.RUN, SampleRun.IDENTITY, Instant.EPOCH).attempt();
    for (long step : List.of(10, 20, 30)) {
      store.commit(run.write(store, step, attempt));
      store.retain(new Retention(2, null));
    }
    assertEquals(
        List.of(20L, 30L), store.complete().stream().map(CheckpointManifest::step).toList());
    run.requireSame(store, SampleRun.newestSound(store, warnings::add).orElseThrow());
    store.commit(run.write(store, 30, attempt + 1));
    assertEquals(attempt, SampleRun.newestSound(store, warnings::add).orElseThrow().attempt());
    assertEquals(List.of(), warnings);
  }

  @Test
  void anOvertakenAttemptIsFencedAndADamagedCheckpointSetAside() throws IOException {
    CheckpointStore store = new CheckpointStore(new Path("/fenced"), conf);
    store.claim(SampleRun.RUN, SampleRun.IDENTITY, Instant.EPOCH);
    store.commit(run.write(store, 10, 1));
    CheckpointManifest late = run.write(store, 20, 1);
    assertEquals(2, store.claim(SampleRun.RUN, SampleRun.IDENTITY, Instant.EPOCH).attempt());
    assertThrows(FencedException.class, () -> store.commit(late));
    store.commit(run.write(store, 20, 2));
    try (FSDataOutputStream out =
        FileSystem.get(conf).create(new Path("/fenced/step-000000000020/shard-00000.attempt-2"))) {
      out.write(1);
    }
    run.requireSame(store, SampleRun.newestSound(store, warnings::add).orElseThrow());
    assertTrue(
        warnings
            .get(0)
            .contains("step 20 is damaged and was set aside as /fenced/damaged-step-000000000020"),
        warnings.toString());
    assertEquals(10, SampleRun.newestSound(store, warnings::add).orElseThrow().step());
  }
}
