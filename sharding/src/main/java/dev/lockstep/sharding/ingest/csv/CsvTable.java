package dev.lockstep.sharding.ingest.csv;

import dev.lockstep.sharding.ingest.Closing;
import dev.lockstep.sharding.ingest.InputFiles;
import dev.lockstep.sharding.ingest.PreferredHosts;
import dev.lockstep.sharding.ingest.table.Table;
import dev.lockstep.sharding.ingest.text.TextLines;
import dev.lockstep.sharding.ingest.text.TextRange;
import dev.lockstep.sharding.ingest.text.TextRange.TextFile;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * CSV files as a table. Rows keep their order, files are taken by name; the text is cut at fixed
 * byte positions, one data shard a piece. Compressed files (by their extension) are read whole.
 */
final class CsvTable implements Table {

  private final JavaSparkContext spark;
  private final String input;
  private final List<List<TextRange>> groups;
  private final CsvLayout layout;

  /** Places, in a line, of the columns that are read. */
  private final int[] places;

  private CsvTable(
      JavaSparkContext spark,
      String input,
      List<List<TextRange>> groups,
      CsvLayout layout,
      int[] places) {
    this.spark = spark;
    this.input = input;
    this.groups = groups;
    this.layout = layout;
    this.places = places;
  }

  /**
   * Reads the names of the columns.
   *
   * @param input a file, a folder (all its files but those whose names begin with {@code .} or
   *     {@code _}), or a glob; any Hadoop URI
   * @param shardBytes of text for one data shard
   */
  static CsvTable open(JavaSparkContext spark, String input, CsvOptions csv, long shardBytes)
      throws IOException {
    Configuration hadoop = spark.hadoopConfiguration();
    List<TextFile> files = InputFiles.list(input, hadoop);
    CsvLayout layout = layout(files.get(0), csv, hadoop);
    int[] places = new int[layout.columns()];
    for (int c = 0; c < places.length; c++) {
      places[c] = c;
    }
    return new CsvTable(spark, input, TextRange.groups(files, shardBytes), layout, places);
  }

  /** The first line of the files, or nothing where they have none. */
  List<String> header() {
    return layout.header();
  }

  /** Path of the first file. */
  String firstFile() {
    return groups.get(0).get(0).path();
  }

  @Override
  public List<String> columns() {
    List<String> names = layout.names();
    List<String> columns = new ArrayList<>();
    for (int place : places) {
      columns.add(names.get(place));
    }
    return columns;
  }

  @Override
  public Table select(List<String> columns) {
    List<String> names = layout.names();
    return new CsvTable(
        spark, input, groups, layout, columns.stream().mapToInt(names::indexOf).toArray());
  }

  @Override
  public boolean holdsArrays() {
    return false;
  }

  @Override
  public <T> JavaRDD<T> map(RowsFunction<T> function) {
    SerializableConfiguration conf = new SerializableConfiguration(spark.hadoopConfiguration());
    List<List<TextRange>> all = groups;
    CsvLayout lines = layout;
    int[] wanted = places;
    return PreferredHosts.partitions(spark, groups)
        .flatMap(
            part -> {
              CsvRows rows = new CsvRows(all.get(part), lines, wanted, conf.value());
              Closing.atTaskEnd(TaskContext.get(), rows);
              return function.call(part, rows);
            });
  }

  @Override
  public Table inShards(long shardRows) {
    return this;
  }

  @Override
  public Map<String, String> provenance() {
    Map<String, String> provenance = new LinkedHashMap<>();
    provenance.put("format", "csv");
    provenance.put("input", input);
    return provenance;
  }

  private static CsvLayout layout(TextFile first, CsvOptions csv, Configuration conf)
      throws IOException {
    try (TextLines lines = new TextLines(new TextRange(first.path(), 0, TextRange.WHOLE), conf)) {
      String line = lines.next();
      while (line != null && line.isBlank() && csv.header() == CsvOptions.Header.ABSENT) {
        line = lines.next();
      }
      if (line == null || line.isBlank()) {
        throw new InvalidDataException("%s has no first line".formatted(first.path()));
      }
      return CsvLayout.of(line, csv);
    }
  }
}
