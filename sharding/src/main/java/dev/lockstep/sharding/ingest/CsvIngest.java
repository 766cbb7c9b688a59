package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.CsvOptions.LabelKind;
import dev.lockstep.sharding.ingest.TextRange.TextFile;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * CSV files become data shards: tensor {@code features} of shape {@code [columns but the label]},
 * and {@code labels}. Rows keep their order, files are taken by name; the text is cut at fixed byte
 * positions, one data shard a piece. Compressed files (by their extension) are read whole.
 */
public final class CsvIngest {

  private CsvIngest() {}

  /**
   * Writes a dataset.
   *
   * @param input a file, a folder (all its files but those whose names begin with {@code .} or
   *     {@code _}), or a glob; any Hadoop URI
   * @param location folder of the dataset, any Hadoop URI
   * @return the dataset, complete
   * @throws InvalidDataException naming file and line
   */
  public static Dataset ingest(
      JavaSparkContext spark,
      String input,
      String location,
      CsvOptions csv,
      ShardingOptions options)
      throws IOException {
    Configuration hadoop = spark.hadoopConfiguration();
    Staging.refuseExisting(location, hadoop, options.ifExists());
    List<TextFile> files = InputFiles.list(input, hadoop);
    CsvLayout layout = layout(files.get(0), csv, hadoop);
    List<List<TextRange>> groups = TextRange.groups(files, options.shardBytes());
    SerializableConfiguration conf = new SerializableConfiguration(hadoop);
    ClassLabels classes =
        csv.labelKind() == LabelKind.CLASSIFICATION && csv.classes().isEmpty()
            ? LabelScan.run(spark, groups, layout, conf)
            : ClassLabels.given(csv.classes());
    if (csv.labelKind() == LabelKind.CLASSIFICATION && classes.names().isEmpty()) {
      throw new InvalidDataException("%s holds no row".formatted(input));
    }
    LabelKind labelKind = csv.labelKind();
    return ShardJob.write(
        spark,
        ShardJob.parts(spark, groups.size())
            .flatMap(
                part ->
                    Closing.atTaskEnd(
                        TaskContext.get(),
                        () ->
                            new CsvExamples(
                                groups.get(part), layout, labelKind, classes, conf.value()))),
        tensors(layout, labelKind, classes),
        labelKind == LabelKind.CLASSIFICATION ? Map.of("labels", classes.names()) : Map.of(),
        provenance(input, layout, labelKind),
        location,
        options);
  }

  private static List<TensorSpec> tensors(
      CsvLayout layout, LabelKind labelKind, ClassLabels classes) {
    List<TensorSpec> tensors = new ArrayList<>();
    tensors.add(
        new TensorSpec(
            "features",
            TensorSpec.Role.FEATURES,
            TensorSpec.Encoding.FLOAT32,
            List.of(layout.features())));
    switch (labelKind) {
      case NONE -> {}
      case REGRESSION ->
          tensors.add(
              new TensorSpec(
                  "labels", TensorSpec.Role.LABELS, TensorSpec.Encoding.FLOAT32, List.of(1)));
      case CLASSIFICATION ->
          tensors.add(
              new TensorSpec(
                  "labels",
                  TensorSpec.Role.LABELS,
                  TensorSpec.Encoding.CLASS_INDEX,
                  List.of(classes.names().size())));
    }
    return tensors;
  }

  private static Map<String, String> provenance(
      String input, CsvLayout layout, LabelKind labelKind) {
    Map<String, String> provenance = new LinkedHashMap<>();
    provenance.put("format", "csv");
    provenance.put("input", input);
    if (labelKind != LabelKind.NONE) {
      provenance.put("label", layout.columnName(layout.labelColumn()));
    }
    if (!layout.header().isEmpty()) {
      provenance.put("features", String.join(",", layout.featureNames()));
    }
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
      return CsvLayout.of(line, csv, first.path());
    }
  }
}
