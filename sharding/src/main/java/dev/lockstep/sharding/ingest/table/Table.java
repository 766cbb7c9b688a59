package dev.lockstep.sharding.ingest.table;

import dev.lockstep.sharding.prepare.Rows;
import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;

/** Rows with named columns, in an order that no setting of the cluster changes. Driver side. */
public interface Table {

  /** Names of the columns, in the order of a row's values. */
  List<String> columns();

  /** The same with these columns, in this order; others need not be read. */
  Table select(List<String> columns) throws IOException;

  /** What the order of the rows means. */
  enum Order {
    /** That of the files, or one that was asked for. */
    GIVEN,
    /** Nothing: it only is the same everywhere. */
    BY_HASH
  }

  /** What the order of the rows means. */
  default Order order() {
    return Order.GIVEN;
  }

  /** Whether values may be arrays. */
  boolean holdsArrays();

  /** Works on the rows of each partition, however the table is partitioned. */
  <T> JavaRDD<T> map(RowsFunction<T> function);

  /**
   * The same table, partitioned as its data shards are to be: a function of the data alone.
   *
   * @param shardRows wanted rows of a partition
   */
  Table inShards(long shardRows) throws IOException;

  /** Where it came from, for people. */
  Map<String, String> provenance();

  /** Work on the rows of one partition. */
  interface RowsFunction<T> extends Serializable {

    /**
     * Does it.
     *
     * @param partition counted from 0
     */
    Iterator<T> call(int partition, Rows rows) throws IOException;
  }
}
