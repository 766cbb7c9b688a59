package dev.lockstep.trainer.cli.options;

import dev.lockstep.sharding.FittedColumn;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.SourceFingerprint;
import dev.lockstep.sharding.ingest.csv.CsvIngest;
import dev.lockstep.sharding.ingest.csv.CsvOptions;
import dev.lockstep.sharding.ingest.idx.IdxIngest;
import dev.lockstep.sharding.ingest.image.ImageIngest;
import dev.lockstep.sharding.ingest.libsvm.LibSvmIngest;
import dev.lockstep.sharding.ingest.libsvm.LibSvmOptions;
import dev.lockstep.sharding.ingest.table.FileTableIngest;
import dev.lockstep.sharding.ingest.tfrecord.TfRecordIngest;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.sharding.store.ShardedDatasets;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Writes raw data as data shards, unless they are there already. Lives on the driver. */
final class DataIngest {

  /** What the ingests call the tensor of the labels. */
  private static final String LABELS = "labels";

  private final DataOptions asked;
  private final SparkSession spark;
  private final JavaSparkContext context;
  private final Configuration hadoop;
  private final String location;
  private final DataOptions.Known known;
  private final List<String> labels;

  DataIngest(DataOptions asked, SparkSession spark, String location, DataOptions.Known known) {
    this.asked = asked;
    this.spark = spark;
    this.context = new JavaSparkContext(spark.sparkContext());
    this.hadoop = spark.sparkContext().hadoopConfiguration();
    this.location = location;
    this.known = known;
    this.labels = known.classes().getOrDefault(LABELS, List.of());
  }

  DataOptions.Ingested run(IfExists ifExists, DataOptions.HeldOut heldOut) throws IOException {
    return asked.reading(
        () -> {
          String input = DataOptions.qualified(asked.location(), hadoop);
          Optional<TableRecipe> recipe = recipe(input);
          ShardingOptions options = asked.sharding(heldOut);
          String source =
              SourceFingerprint.of(
                  input,
                  List.of(
                          asked.format(),
                          asked.csv(labels),
                          recipe,
                          known,
                          asked.images(),
                          asked.columns().features(),
                          options)
                      .toString(),
                  hadoop);
          Optional<ShardedDataset> before = sameAsBefore(source, ifExists);
          if (before.isPresent()) {
            return new DataOptions.Ingested(before.get(), true);
          }
          refuseOther(ifExists);
          return new DataOptions.Ingested(
              ingest(input, recipe, options.ifExists(ifExists).source(source)), false);
        });
  }

  private Optional<ShardedDataset> sameAsBefore(String source, IfExists ifExists)
      throws IOException {
    if (!ShardedDatasets.exists(location, hadoop)) {
      return Optional.empty();
    }
    ShardedDataset dataset;
    try {
      dataset = ShardedDatasets.open(location, hadoop);
    } catch (IOException e) {
      if (ifExists == IfExists.REPLACE) {
        return Optional.empty();
      }
      throw e;
    }
    boolean same = source.equals(dataset.manifest().provenance().get("source"));
    return same ? Optional.of(dataset) : Optional.empty();
  }

  private void refuseOther(IfExists ifExists) throws IOException {
    if (ifExists == IfExists.REFUSE && ShardedDatasets.exists(location, hadoop)) {
      throw new IllegalArgumentException(
          "out="
              + location
              + " holds a dataset already, of other data or read in another way: name another"
              + " folder with --out, or replace it with --overwrite");
    }
  }

  private Optional<TableRecipe> recipe(String input) throws IOException {
    if (!asked.format().isTable()) {
      return Optional.empty();
    }
    if (known.fittedTransform().isPresent()) {
      requireNoOtherColumns(known.fittedTransform().get());
      return Optional.empty();
    }
    if (asked.format().isText()) {
      boolean plain =
          asked.columns().given().stream().allMatch(name -> name.equals("--label-column"));
      return plain
          ? Optional.empty()
          : Optional.of(
              asked
                  .columns()
                  .recipe(CsvIngest.columns(context, input, asked.csv(List.of())), labels, hadoop));
    }
    return Optional.of(
        asked
            .columns()
            .recipe(FileTableIngest.columns(spark, asked.format().table(), input), labels, hadoop));
  }

  private ShardedDataset ingest(String input, Optional<TableRecipe> recipe, ShardingOptions options)
      throws IOException {
    return switch (asked.format()) {
      case CSV, TSV -> {
        CsvOptions csv = asked.csv(labels);
        yield known.fittedTransform().isPresent()
            ? CsvIngest.ingest(
                context, input, location, csv, known.fittedTransform().get(), options)
            : recipe.isPresent()
                ? CsvIngest.ingest(context, input, location, csv, recipe.get(), options)
                : CsvIngest.ingest(context, input, location, csv, options);
      }
      case PARQUET, ORC, JSON ->
          known.fittedTransform().isPresent()
              ? FileTableIngest.ingest(
                  spark,
                  asked.format().table(),
                  input,
                  location,
                  known.fittedTransform().get(),
                  options)
              : FileTableIngest.ingest(
                  spark, asked.format().table(), input, location, recipe.orElseThrow(), options);
      case LIBSVM ->
          LibSvmIngest.ingest(
              context,
              input,
              location,
              LibSvmOptions.of(asked.columns().task()).classes(asked.columns().classes(labels)),
              options);
      case IDX ->
          IdxIngest.ingest(
              context, input, location, new IdxOptions(IdxOptions.FIND, labels.size()), options);
      case IMAGES ->
          ImageIngest.ingest(
              context,
              input,
              location,
              asked.images().options().classes(asked.columns().classes(labels)),
              options);
      case TFRECORD ->
          TfRecordIngest.ingest(
              context, input, location, asked.images().tfRecord(asked.columns(), labels), options);
      case SHARDS -> throw new IllegalStateException("data shards are not to be sharded");
    };
  }

  /** The columns are those of the data that the model was trained on. */
  private void requireNoOtherColumns(FittedTransform fittedTransform) {
    List<String> labels =
        fittedTransform.tensors().stream()
            .filter(tensor -> tensor.role() == TensorSpec.Role.LABELS)
            .flatMap(tensor -> tensor.columns().stream())
            .map(FittedColumn::column)
            .toList();
    List<String> other = new ArrayList<>(asked.columns().given());
    String given = asked.columns().labelColumn();
    if (given == null || labels.contains(given) || given.matches("\\d+")) {
      other.remove("--label-column");
    }
    if (!other.isEmpty()) {
      throw new IllegalArgumentException(
          other
              + " for a model whose run knows its columns (labels="
              + labels
              + "): leave out, the data are prepared as those for training were");
    }
  }
}
