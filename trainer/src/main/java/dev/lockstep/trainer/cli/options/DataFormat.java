package dev.lockstep.trainer.cli.options;

import dev.lockstep.sharding.ingest.table.FileTableIngest;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Formats that data come in. */
enum DataFormat {
  /** Data shards, written by {@code lockstep shard}. */
  SHARDS,
  /** Text with delimiters. */
  CSV,
  /** Text with tabs. */
  TSV,
  /** Apache Parquet. */
  PARQUET(FileTableIngest.Format.PARQUET),
  /** Apache ORC. */
  ORC(FileTableIngest.Format.ORC),
  /** A JSON object a line. */
  JSON(FileTableIngest.Format.JSON),
  /** Sparse text. */
  LIBSVM,
  /** Images and labels as MNIST has them. */
  IDX,
  /** A folder of images for each class. */
  IMAGES,
  /** TensorFlow's examples. */
  TFRECORD;

  private final FileTableIngest.Format table;

  DataFormat() {
    this(null);
  }

  DataFormat(FileTableIngest.Format table) {
    this.table = table;
  }

  /** The same for files that name their columns. */
  FileTableIngest.Format table() {
    return table;
  }

  boolean isText() {
    return this == CSV || this == TSV;
  }

  boolean isTable() {
    return isText() || table != null;
  }

  /** As it is written. */
  String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The formats that can be made into data shards, as a message lists them. */
  static String raw() {
    List<String> names =
        Arrays.stream(values()).filter(each -> each != SHARDS).map(DataFormat::text).toList();
    int last = names.size() - 1;
    return String.join(", ", names.subList(0, last)) + " or " + names.get(last);
  }
}
