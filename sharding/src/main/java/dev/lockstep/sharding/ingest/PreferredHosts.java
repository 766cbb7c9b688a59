package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.ingest.text.TextRange;
import java.io.IOException;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.BlockLocation;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;
import scala.collection.immutable.List$;
import scala.collection.immutable.Seq;
import scala.reflect.ClassTag$;

/**
 * Which hosts hold what a task will read, as hints to Spark: they decide where a task runs when
 * there is a choice, never what it does. HDFS answers; local files and object stores have no hosts.
 * Driver side.
 *
 * <p>Only the reading of source files gains by this. A worker that trains reads blocks from all
 * over the dataset in every epoch, and an evaluation reads a quarter of it in each task: such reads
 * are spread over all hosts wherever the task is.
 */
public final class PreferredHosts {

  private static final Logger LOG = LoggerFactory.getLogger(PreferredHosts.class);

  /** HDFS keeps three copies unless told otherwise. */
  private static final int MOST = 3;

  /** What file systems without hosts say. */
  private static final String NO_HOST = "localhost";

  private PreferredHosts() {}

  /**
   * Numbers 0 … groups-1, one per partition, as {@link ShardJob#partitions}, each preferably near
   * its group.
   *
   * @param groups what each task will read
   */
  public static JavaRDD<Integer> partitions(JavaSparkContext spark, List<List<TextRange>> groups) {
    scala.collection.immutable.List<Tuple2<Integer, Seq<String>>> parts = List$.MODULE$.empty();
    for (int part = groups.size() - 1; part >= 0; part--) {
      List<String> near = of(groups.get(part), spark.hadoopConfiguration());
      scala.collection.immutable.List<String> hosts = List$.MODULE$.empty();
      for (int i = near.size() - 1; i >= 0; i--) {
        hosts = hosts.$colon$colon(near.get(i));
      }
      parts = parts.$colon$colon(new Tuple2<Integer, Seq<String>>(part, hosts));
    }
    return JavaRDD.fromRDD(
        spark.sc().makeRDD(parts, ClassTag$.MODULE$.apply(Integer.class)),
        ClassTag$.MODULE$.apply(Integer.class));
  }

  /** The hosts that hold most of a group's longest range: one question for a group. */
  static List<String> of(List<TextRange> group, Configuration hadoop) {
    TextRange range = group.stream().max(Comparator.comparingLong(TextRange::length)).orElseThrow();
    Map<String, Long> held = new LinkedHashMap<>();
    try {
      Path path = new Path(range.path());
      for (BlockLocation block :
          path.getFileSystem(hadoop).getFileBlockLocations(path, range.start(), range.length())) {
        for (String host : block.getHosts()) {
          held.merge(host, block.getLength(), Long::sum);
        }
      }
    } catch (IOException e) {
      // A hint is not worth a failure; whoever reads the file will say what is wrong with it.
      LOG.debug("no hosts of {}", range, e);
    }
    held.remove(NO_HOST);
    return held.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .limit(MOST)
        .map(Map.Entry::getKey)
        .toList();
  }
}
