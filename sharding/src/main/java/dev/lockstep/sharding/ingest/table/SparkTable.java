package dev.lockstep.sharding.ingest.table;

import dev.lockstep.sharding.prepare.Rows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BooleanType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StringType;
import scala.Tuple2;

/**
 * A table of Spark SQL. Spark promises no order of rows, and cuts files as the number of cores
 * suggests; so rows get numbers that do not depend on that.
 *
 * <ul>
 *   <li>Files that Lockstep reads itself: by path, then by their place in the file.
 *   <li>Any other table: by the columns asked for, and where these are equal, or none were asked
 *       for, by two 64-bit hashes of all values. Rows that are equal in all values may change
 *       places: it makes no difference.
 * </ul>
 */
final class SparkTable implements Table {

  private static final String PATH = "__lockstep_path";
  private static final String START = "__lockstep_start";

  /** Makes the second hash differ from the first. */
  private static final String SALT = "lockstep";

  private final Dataset<Row> table;

  /** How the rows are to be sorted; null for files, which are numbered where they lie. */
  private final List<String> orderBy;

  private final Map<String, String> provenance;

  private SparkTable(Dataset<Row> table, List<String> orderBy, Map<String, String> provenance) {
    this.table = table;
    this.orderBy = orderBy;
    this.provenance = provenance;
  }

  /** Any table. */
  static SparkTable of(Dataset<Row> table, List<String> orderBy) {
    Map<String, String> provenance = new LinkedHashMap<>();
    provenance.put("format", "table");
    provenance.put("input", "the table");
    if (!orderBy.isEmpty()) {
      provenance.put("orderBy", String.join(",", orderBy));
    }
    return new SparkTable(table, List.copyOf(orderBy), provenance);
  }

  /**
   * Files that Spark reads.
   *
   * @param format Spark's name of it, such as {@code parquet}
   * @param input for people
   */
  static SparkTable files(Dataset<Row> table, String format, String input) {
    Map<String, String> provenance = new LinkedHashMap<>();
    provenance.put("format", format);
    provenance.put("input", input);
    return new SparkTable(table, null, provenance);
  }

  @Override
  public List<String> columns() {
    return List.of(table.columns());
  }

  @Override
  public Table select(List<String> columns) {
    for (String column : columns) {
      requireUsable(column, table.schema().apply(column).dataType());
    }
    List<Column> selected = new ArrayList<>();
    columns.forEach(column -> selected.add(quoted(column)));
    if (orderBy != null) {
      return new Selected(sorted(columns), columns, false);
    }
    selected.add(functions.col("_metadata.file_path").as(PATH));
    selected.add(functions.col("_metadata.file_block_start").as(START));
    return new Selected(table.select(selected.toArray(Column[]::new)), columns, true);
  }

  private Dataset<Row> sorted(List<String> columns) {
    Column[] selected = columns.stream().map(SparkTable::quoted).toArray(Column[]::new);
    // The hash skips what is null and looks through arrays: it is given neither.
    Column[] hashed =
        columns.stream()
            .flatMap(
                column ->
                    Stream.of(
                        quoted(column).isNull(),
                        table.schema().apply(column).dataType() instanceof ArrayType
                            ? functions.to_json(quoted(column))
                            : quoted(column)))
            .toArray(Column[]::new);
    List<Column> keys = new ArrayList<>();
    orderBy.forEach(column -> keys.add(quoted(column)));
    keys.add(functions.xxhash64(hashed));
    keys.add(
        functions.xxhash64(
            Stream.concat(Stream.of(functions.lit(SALT)), Arrays.stream(hashed))
                .toArray(Column[]::new)));
    return table.orderBy(keys.toArray(Column[]::new)).select(selected);
  }

  private static Column quoted(String column) {
    return functions.col("`" + column.replace("`", "``") + "`");
  }

  private static void requireUsable(String column, DataType type) {
    DataType element = type instanceof ArrayType array ? array.elementType() : type;
    if (!(element instanceof NumericType
        || element instanceof BooleanType
        || element instanceof StringType)) {
      throw new IllegalArgumentException(
          "column %s is of type %s: use numbers, booleans, strings and arrays of these, or convert it"
              .formatted(column, type.simpleString()));
    }
  }

  @Override
  public Order order() {
    return orderBy != null && orderBy.isEmpty() ? Order.BY_HASH : Order.GIVEN;
  }

  @Override
  public boolean holdsArrays() {
    return Arrays.stream(table.schema().fields()).anyMatch(f -> f.dataType() instanceof ArrayType);
  }

  @Override
  public <T> JavaRDD<T> map(RowsFunction<T> function) {
    throw new IllegalStateException("select columns first");
  }

  @Override
  public Table inShards(long shardRows) {
    throw new IllegalStateException("select columns first");
  }

  @Override
  public Map<String, String> provenance() {
    return provenance;
  }

  /** The columns that are wanted, and for files two more. */
  private final class Selected implements Table {
    private final JavaRDD<Row> rows;
    private final List<String> columns;
    private final boolean files;
    private final boolean[] arrays;

    Selected(Dataset<Row> selected, List<String> columns, boolean files) {
      this.rows = selected.javaRDD();
      this.columns = List.copyOf(columns);
      this.files = files;
      arrays = new boolean[columns.size()];
      for (int c = 0; c < arrays.length; c++) {
        arrays[c] = selected.schema().apply(c).dataType() instanceof ArrayType;
      }
    }

    @Override
    public List<String> columns() {
      return columns;
    }

    @Override
    public Table select(List<String> wanted) {
      return SparkTable.this.select(wanted);
    }

    @Override
    public Order order() {
      return SparkTable.this.order();
    }

    @Override
    public boolean holdsArrays() {
      for (boolean array : arrays) {
        if (array) {
          return true;
        }
      }
      return false;
    }

    @Override
    public <T> JavaRDD<T> map(RowsFunction<T> function) {
      boolean[] isArray = arrays;
      boolean withPlace = files;
      return rows.mapPartitionsWithIndex(
          (partition, each) ->
              function.call(partition, new UnnumberedRows(each, isArray, withPlace)),
          false);
    }

    @Override
    public Map<String, String> provenance() {
      return provenance;
    }

    @Override
    public Table inShards(long shardRows) {
      Map<String, Long> firsts = firsts();
      long total = firsts.get("");
      boolean[] isArray = arrays;
      boolean withPlace = files;
      return new NumberedTable(
          rows.mapPartitionsWithIndex(
                  (partition, each) -> numbered(partition, each, isArray, withPlace, firsts), true)
              .mapToPair(pair -> pair),
          total,
          shardRows,
          columns,
          holdsArrays(),
          provenance);
    }

    /** Number of the first row of each piece, and of all under "". */
    private Map<String, Long> firsts() {
      int width = columns.size();
      boolean withPlace = files;
      List<Tuple2<String, Long>> counts =
          rows.mapPartitionsWithIndex(
                  (partition, each) -> counts(partition, each, width, withPlace), true)
              .collect();
      List<Tuple2<String, Long>> inOrder = new ArrayList<>(counts);
      inOrder.sort((a, b) -> a._1().compareTo(b._1()));
      Map<String, Long> firsts = new HashMap<>();
      long before = 0;
      for (Tuple2<String, Long> each : inOrder) {
        firsts.put(each._1(), before);
        before += each._2();
      }
      firsts.put("", before);
      return firsts;
    }
  }

  /** What sorts the pieces of a table: partitions by number, or ranges of files by offset. */
  private static final class Pieces {
    private final int width;
    private final boolean withPlace;
    private String path = "";
    private long start = -1;
    private String piece;

    Pieces(int partition, int width, boolean withPlace) {
      this.width = width;
      this.withPlace = withPlace;
      piece = "%010d".formatted(partition);
    }

    /** The piece of a row; the same object as long as it does not change. */
    String of(Row row) {
      if (withPlace && (row.getLong(width + 1) != start || !row.getString(width).equals(path))) {
        path = row.getString(width);
        start = row.getLong(width + 1);
        piece = "%s\n%020d".formatted(path, start);
      }
      return piece;
    }
  }

  private static Iterator<Tuple2<String, Long>> counts(
      int partition, Iterator<Row> rows, int width, boolean withPlace) {
    Pieces pieces = new Pieces(partition, width, withPlace);
    Map<String, Long> counts = new LinkedHashMap<>();
    String piece = null;
    long count = 0;
    while (rows.hasNext()) {
      String next = pieces.of(rows.next());
      if (piece != null && !next.equals(piece)) {
        counts.merge(piece, count, Long::sum);
        count = 0;
      }
      piece = next;
      count++;
    }
    if (piece != null) {
      counts.merge(piece, count, Long::sum);
    }
    return counts.entrySet().stream().map(e -> new Tuple2<>(e.getKey(), e.getValue())).iterator();
  }

  private static Iterator<Tuple2<Long, byte[]>> numbered(
      int partition,
      Iterator<Row> rows,
      boolean[] arrays,
      boolean withPlace,
      Map<String, Long> firsts) {
    return new Iterator<>() {
      private final Pieces pieces = new Pieces(partition, arrays.length, withPlace);
      private String piece = "";
      private long number;

      @Override
      public boolean hasNext() {
        return rows.hasNext();
      }

      @Override
      public Tuple2<Long, byte[]> next() {
        Row row = rows.next();
        String of = pieces.of(row);
        if (!of.equals(piece)) {
          piece = of;
          number = firsts.get(of);
        }
        return new Tuple2<>(number++, RowBytes.of(plain(row, arrays)));
      }
    };
  }

  /** The values of a row as {@link Rows} hand them out. */
  private static Object[] plain(Row row, boolean[] arrays) {
    Object[] values = new Object[arrays.length];
    for (int i = 0; i < arrays.length; i++) {
      values[i] = row.isNullAt(i) ? null : arrays[i] ? row.getList(i).toArray() : row.get(i);
    }
    return values;
  }

  /** Rows before they have numbers. */
  private static final class UnnumberedRows implements Rows {
    private final Iterator<Row> rows;
    private final boolean[] arrays;
    private final boolean withPlace;
    private Row last;

    UnnumberedRows(Iterator<Row> rows, boolean[] arrays, boolean withPlace) {
      this.rows = rows;
      this.arrays = arrays;
      this.withPlace = withPlace;
    }

    @Override
    public boolean hasNext() {
      return rows.hasNext();
    }

    @Override
    public Object[] next() {
      last = rows.next();
      return plain(last, arrays);
    }

    @Override
    public String where() throws IOException {
      String values = Arrays.deepToString(plain(last, arrays));
      String shown = values.length() <= 200 ? values : values.substring(0, 200) + "…";
      return withPlace
          ? "%s, row %s".formatted(last.getString(arrays.length), shown)
          : "row " + shown;
    }
  }
}
