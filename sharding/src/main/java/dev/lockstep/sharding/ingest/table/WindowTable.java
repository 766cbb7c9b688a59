package dev.lockstep.sharding.ingest.table;

import dev.lockstep.sharding.ColumnRecipe;
import dev.lockstep.sharding.FittedTransform.TimeWindow;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorRecipe;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.sharding.ingest.JavaSerialization;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.prepare.Rows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * Windows over the rows of a table, each a row of this one: features as arrays of one value per
 * time step, everything else from the row that holds the labels.
 *
 * <pre>
 * rows       0 1 2 3 4 5 6 7 8 …     steps=4, stride=2, horizon=1
 * windows    [0 1 2 3]→4             window i begins at row i·stride and is labelled by row
 *                [2 3 4 5]→6         i·stride + steps - 1 + horizon
 * </pre>
 *
 * <p>A window belongs to the partition in which it begins; rows that windows of two partitions need
 * go to both. Windows over a change of series, or over a bad row, are left out: the latter are bad
 * data.
 */
final class WindowTable implements Table {

  /** Behind the name of a column that is taken from the row of the labels. */
  private static final String LABEL = "@label";

  /** Bits of a row's number in a key; the partition is above. */
  private static final int NUMBER_BITS = 40;

  private final JavaPairRDD<Long, byte[]> rows;
  private final TableRecipe recipe;
  private final List<String> columns;
  private final long shardRows;
  private final Map<String, String> provenance;

  private WindowTable(
      JavaPairRDD<Long, byte[]> rows,
      TableRecipe recipe,
      List<String> columns,
      long shardRows,
      Map<String, String> provenance) {
    this.rows = rows;
    this.recipe = recipe;
    this.columns = columns;
    this.shardRows = shardRows;
    this.provenance = provenance;
  }

  /** The recipe for the rows of this table, of one for those that it is made of. */
  static TableRecipe recipe(TableRecipe recipe) {
    if (recipe.window() == null) {
      return recipe;
    }
    List<TensorRecipe> tensors = new ArrayList<>();
    for (TensorRecipe tensor : recipe.tensors()) {
      boolean features = tensor.role() == Role.FEATURES;
      List<ColumnRecipe> columns =
          tensor.columns().stream()
              .map(
                  column ->
                      new ColumnRecipe(
                          column.column() + (features ? "" : LABEL),
                          column.transform(),
                          column.categories()))
              .toList();
      int steps = features ? recipe.window().steps() : TensorRecipe.NO_SEQUENCE;
      tensors.add(new TensorRecipe(tensor.name(), tensor.role(), columns, steps));
    }
    return new TableRecipe(tensors, recipe.missing(), recipe.classWeights(), null);
  }

  /**
   * Sorts rows to where windows need them.
   *
   * @param table with the columns of the recipe, and no others
   * @param shardExamples wanted windows of a partition
   */
  static WindowTable over(Table table, TableRecipe recipe, long shardExamples) throws IOException {
    TimeWindow window = recipe.window();
    long shardRows = shardExamples * window.stride();
    Table ordered = table.inShards(shardRows);
    List<Long> counts = new ArrayList<>();
    for (byte[] bytes : ordered.map((partition, each) -> count(each)).collect()) {
      counts.add(JavaSerialization.fromBytes(bytes, Long.class));
    }
    long[] firsts = new long[counts.size()];
    for (int p = 1; p < firsts.length; p++) {
      firsts[p] = firsts[p - 1] + counts.get(p - 1);
    }
    long total = counts.stream().mapToLong(Long::longValue).sum();
    int shards = Math.toIntExact(Math.max(1, (total + shardRows - 1) / shardRows));
    long reach = window.steps() - 1L + window.horizon();
    JavaPairRDD<Long, byte[]> rows =
        ordered
            .map((partition, each) -> placed(firsts[partition], each, shardRows, reach))
            .mapToPair(pair -> pair)
            .repartitionAndSortWithinPartitions(new ByShard(shards));
    return new WindowTable(rows, recipe, ordered.columns(), shardRows, ordered.provenance());
  }

  private static Iterator<byte[]> count(Rows rows) throws IOException {
    long count = 0;
    try {
      while (rows.hasNext()) {
        count++;
        try {
          rows.next();
        } catch (UncheckedIOException e) {
          requireInvalid(e);
        }
      }
    } catch (UncheckedIOException e) {
      return List.of(JavaSerialization.toBytes(requireInvalid(e).getMessage())).iterator();
    }
    return List.of(JavaSerialization.toBytes(count)).iterator();
  }

  private static InvalidDataException requireInvalid(UncheckedIOException e) {
    if (e.getCause() instanceof InvalidDataException invalid) {
      return invalid;
    }
    throw e;
  }

  /** Each row under a key for every partition with a window that needs it. */
  private static Iterator<Tuple2<Long, byte[]>> placed(
      long first, Rows rows, long shardRows, long reach) {
    return new Iterator<>() {
      private final ArrayDeque<Tuple2<Long, byte[]>> ready = new ArrayDeque<>();
      private long number = first;

      @Override
      public boolean hasNext() {
        return !ready.isEmpty() || rows.hasNext();
      }

      @Override
      public Tuple2<Long, byte[]> next() {
        if (ready.isEmpty()) {
          byte[] row;
          try {
            row = RowBytes.of(new Object[] {rows.next(), null});
          } catch (UncheckedIOException e) {
            row = RowBytes.of(new Object[] {null, requireInvalid(e).getMessage()});
          }
          long last = number / shardRows;
          for (long s = Math.max(0, number - reach) / shardRows; s <= last; s++) {
            ready.add(new Tuple2<>(s << NUMBER_BITS | number, row));
          }
          number++;
        }
        return ready.remove();
      }
    };
  }

  @Override
  public List<String> columns() {
    List<String> all = new ArrayList<>(columns);
    columns.forEach(column -> all.add(column + LABEL));
    return all;
  }

  @Override
  public Table select(List<String> wanted) {
    throw new IllegalStateException("select columns before windows are made");
  }

  @Override
  public boolean holdsArrays() {
    return true;
  }

  @Override
  public <T> JavaRDD<T> map(RowsFunction<T> function) {
    TimeWindow window = recipe.window();
    int series = columns.indexOf(window.series());
    long size = shardRows;
    return rows.mapPartitionsWithIndex(
        (partition, each) -> function.call(partition, new Windows(each, window, series, size)),
        true);
  }

  @Override
  public Table inShards(long rowsOfShard) {
    return this;
  }

  @Override
  public Map<String, String> provenance() {
    return provenance;
  }

  /**
   * A row, or why it could not be read.
   *
   * @param values null if it could not
   * @param problem null if it could
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Held(Object[] values, String problem) {

    static Held of(byte[] bytes) {
      Object[] both = RowBytes.row(bytes);
      return new Held((Object[]) both[0], (String) both[1]);
    }
  }

  /** By the upper bits of the key; the last partition takes what begins nowhere else. */
  private static final class ByShard extends Partitioner {

    private static final long serialVersionUID = 1;

    private final int shards;

    ByShard(int shards) {
      this.shards = shards;
    }

    @Override
    public int numPartitions() {
      return shards;
    }

    @Override
    public int getPartition(Object key) {
      return (int) ((Long) key >>> NUMBER_BITS);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof ByShard that && that.shards == shards;
    }

    @Override
    public int hashCode() {
      return shards;
    }
  }

  /** The windows that begin in a partition. */
  private static final class Windows implements Rows {
    private final Iterator<Tuple2<Long, byte[]>> rows;
    private final TimeWindow window;
    private final int series;
    private final long shardRows;
    private final int length;
    private final ArrayDeque<Held> held = new ArrayDeque<>();

    /** Number of the first row held. */
    private long first = -1;

    private boolean ready;

    Windows(Iterator<Tuple2<Long, byte[]>> rows, TimeWindow window, int series, long shardRows) {
      this.rows = rows;
      this.window = window;
      this.series = series;
      this.shardRows = shardRows;
      length = window.steps() + window.horizon();
    }

    @Override
    public boolean hasNext() {
      while (!ready && rows.hasNext()) {
        if (held.size() == length) {
          held.remove();
          first++;
        }
        Tuple2<Long, byte[]> row = rows.next();
        long number = row._1() & (1L << NUMBER_BITS) - 1;
        if (held.isEmpty()) {
          first = number;
        }
        held.add(Held.of(row._2()));
        long shard = row._1() >>> NUMBER_BITS;
        ready =
            held.size() == length
                && first % window.stride() == 0
                && first / shardRows == shard
                && isOneSeries();
      }
      return ready;
    }

    /** A bad row may belong to any. */
    private boolean isOneSeries() {
      if (series < 0) {
        return true;
      }
      Object name = null;
      boolean seen = false;
      for (Held row : held) {
        if (row.values != null) {
          if (seen && !Objects.equals(name, row.values[series])) {
            return false;
          }
          name = row.values[series];
          seen = true;
        }
      }
      return true;
    }

    @Override
    public Object[] next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      ready = false;
      for (Held row : held) {
        if (row.problem != null) {
          throw new UncheckedIOException(new InvalidDataException(row.problem));
        }
      }
      Object[] label = held.getLast().values;
      Object[] values = new Object[2 * label.length];
      for (int c = 0; c < label.length; c++) {
        Object[] steps = new Object[window.steps()];
        int at = 0;
        for (Held row : held) {
          if (at < steps.length) {
            steps[at++] = row.values[c];
          }
        }
        values[c] = steps;
        values[label.length + c] = label[c];
      }
      return values;
    }

    @Override
    public String where() {
      return "window from row %d".formatted(first);
    }
  }
}
