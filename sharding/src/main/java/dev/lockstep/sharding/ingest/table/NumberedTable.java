package dev.lockstep.sharding.ingest.table;

import dev.lockstep.sharding.ingest.FixedRanges;
import dev.lockstep.sharding.prepare.Rows;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/** Rows with numbers from 0, sorted into partitions of a fixed number of rows. */
final class NumberedTable implements Table {

  private final JavaPairRDD<Long, byte[]> rows;
  private final List<String> columns;
  private final boolean arrays;
  private final Map<String, String> provenance;

  /**
   * Sorts them.
   *
   * @param numbered rows by number, in any order
   * @param total how many
   * @param shardRows rows of a partition but the last
   */
  NumberedTable(
      JavaPairRDD<Long, byte[]> numbered,
      long total,
      long shardRows,
      List<String> columns,
      boolean arrays,
      Map<String, String> provenance) {
    int shards = Math.toIntExact(Math.max(1, (total + shardRows - 1) / shardRows));
    this.rows = numbered.repartitionAndSortWithinPartitions(new FixedRanges(shards, shardRows));
    this.columns = columns;
    this.arrays = arrays;
    this.provenance = provenance;
  }

  @Override
  public List<String> columns() {
    return columns;
  }

  @Override
  public Table select(List<String> wanted) {
    throw new IllegalStateException("select columns before rows are numbered");
  }

  @Override
  public boolean holdsArrays() {
    return arrays;
  }

  @Override
  public <T> JavaRDD<T> map(RowsFunction<T> function) {
    return rows.mapPartitionsWithIndex(
        (partition, each) -> function.call(partition, new NumberedRows(each)), true);
  }

  @Override
  public Table inShards(long shardRows) {
    return this;
  }

  @Override
  public Map<String, String> provenance() {
    return provenance;
  }

  private static final class NumberedRows implements Rows {
    private final Iterator<Tuple2<Long, byte[]>> rows;
    private long number;
    private Object[] last;

    NumberedRows(Iterator<Tuple2<Long, byte[]>> rows) {
      this.rows = rows;
    }

    @Override
    public boolean hasNext() {
      return rows.hasNext();
    }

    @Override
    public Object[] next() {
      Tuple2<Long, byte[]> next = rows.next();
      number = next._1();
      last = RowBytes.row(next._2());
      return last;
    }

    @Override
    public String where() throws IOException {
      String values = Arrays.deepToString(last);
      return "row %d, %s"
          .formatted(number, values.length() <= 200 ? values : values.substring(0, 200) + "…");
    }
  }
}
