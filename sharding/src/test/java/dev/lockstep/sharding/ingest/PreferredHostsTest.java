package dev.lockstep.sharding.ingest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lockstep.sharding.ingest.text.TextRange;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.BlockLocation;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreferredHostsTest {

  @TempDir private Path folder;

  /** Local files in blocks of 100 bytes: block i has copies on host i and host i + 1. */
  public static final class BlocksOnHosts extends RawLocalFileSystem {
    @Override
    public URI getUri() {
      return URI.create("hosts:///");
    }

    @Override
    public String getScheme() {
      return "hosts";
    }

    @Override
    public BlockLocation[] getFileBlockLocations(
        org.apache.hadoop.fs.Path file, long start, long length) throws IOException {
      if (!exists(file)) {
        throw new FileNotFoundException(file.toString());
      }
      long end = Math.min(start + length, getFileStatus(file).getLen());
      BlockLocation[] blocks = new BlockLocation[(int) ((end - 1) / 100 - start / 100) + 1];
      for (int i = 0; i < blocks.length; i++) {
        long block = start / 100 + i;
        String[] hosts = {"host" + block, "host" + (block + 1)};
        long first = Math.max(start, 100 * block);
        blocks[i] =
            new BlockLocation(hosts, hosts, first, Math.min(end, 100 * (block + 1)) - first);
      }
      return blocks;
    }
  }

  private static Configuration hosts() {
    Configuration conf = new Configuration();
    conf.set("fs.hosts.impl", BlocksOnHosts.class.getName());
    return conf;
  }

  private TextRange range(String name, int start, int end) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.exists(file)) {
      Files.write(file, new byte[450]);
    }
    return new TextRange("hosts://" + file, start, end);
  }

  @Test
  void hostsOfTheLongestRangeThatHoldMostOfItComeFirst() throws IOException {
    assertEquals(
        List.of("host2", "host3", "host1"),
        PreferredHosts.of(List.of(range("a", 0, 90), range("b", 150, 280)), hosts()));
    assertEquals(
        List.of("host4", "host5"), PreferredHosts.of(List.of(range("a", 400, 450)), hosts()));
  }

  @Test
  void filesWithoutHostsAndLostOnesGiveNoHint() throws IOException {
    String local = range("a", 0, 90).path().replace("hosts:", "file:");
    assertEquals(
        List.of(), PreferredHosts.of(List.of(new TextRange(local, 0, 450)), new Configuration()));
    assertEquals(
        List.of(), PreferredHosts.of(List.of(new TextRange("hosts:///no/file", 0, 9)), hosts()));
  }

  @Test
  void partitionsAreNumberedAsWithoutHints() throws IOException {
    try (JavaSparkContext spark = SparkOn.master("local[1]")) {
      spark.hadoopConfiguration().set("fs.hosts.impl", BlocksOnHosts.class.getName());
      List<List<TextRange>> groups =
          List.of(
              List.of(range("a", 0, 200)),
              List.of(range("a", 200, 450)),
              List.of(range("b", 0, 9)));
      JavaRDD<Integer> parts = PreferredHosts.partitions(spark, groups);
      assertEquals(ShardJob.partitions(spark, 3).glom().collect(), parts.glom().collect());
      assertEquals(
          "List(host1, host0, host2)",
          parts.rdd().preferredLocations(parts.rdd().partitions()[0]).toString());
    }
  }
}
