package dev.lockstep.sharding.ingest.tfrecord;

import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TfRecordOptions;
import dev.lockstep.sharding.ingest.Closing;
import dev.lockstep.sharding.ingest.InputFiles;
import dev.lockstep.sharding.ingest.PreferredHosts;
import dev.lockstep.sharding.ingest.ShardJob;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.image.ImageFeatures;
import dev.lockstep.sharding.ingest.text.TextRange;
import dev.lockstep.sharding.ingest.text.TextRange.TextFile;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * TFRecord files of {@code tf.train.Example}, plain or gzip (by their extension), become data
 * shards. Records keep their order, files are taken by name. A file is read whole by one task,
 * small ones together, and makes one data shard, however large: several files of some 100 MB are
 * better than one. {@code SequenceExample}s are not read.
 */
public final class TfRecordIngest {

  private TfRecordIngest() {}

  /**
   * Writes a dataset.
   *
   * @param input a file, a folder (all its files but those whose names begin with {@code .} or
   *     {@code _}), or a glob; any Hadoop URI
   * @param location folder of the dataset, any Hadoop URI
   * @return the dataset, complete
   * @throws InvalidDataException naming file and record, counted from 0
   */
  public static ShardedDataset ingest(
      JavaSparkContext spark,
      String input,
      String location,
      TfRecordOptions tfRecord,
      ShardingOptions options)
      throws IOException {
    Configuration hadoop = spark.hadoopConfiguration();
    Staging.refuseExisting(location, hadoop, options.ifExists());
    List<TextFile> files =
        InputFiles.list(input, hadoop).stream()
            .map(file -> new TextFile(file.path(), file.length(), false))
            .toList();
    List<List<TextRange>> groups = TextRange.groups(files, options.layout().shardBytes());
    List<TensorSpec> tensors =
        tfRecord.fields().stream().map(TfRecordOptions.Field::tensor).toList();
    TfRecordFields fields = new TfRecordFields(tfRecord);
    SerializableConfiguration conf = new SerializableConfiguration(hadoop);
    return ShardJob.write(
        spark,
        PreferredHosts.partitions(spark, groups)
            .flatMap(
                part ->
                    Closing.atTaskEnd(
                        TaskContext.get(),
                        () -> new TfRecordExamples(groups.get(part), fields, conf.value()))),
        new ShardJob.Contents(
            tensors, classes(tfRecord), provenance(input, tfRecord), DataRecipe.of(tfRecord)),
        location,
        options);
  }

  private static Map<String, List<String>> classes(TfRecordOptions tfRecord) {
    Map<String, List<String>> classes = new TreeMap<>();
    for (TfRecordOptions.Field field : tfRecord.fields()) {
      if (field instanceof TfRecordOptions.Classes labels) {
        classes.put(labels.tensor().name(), labels.classes());
      }
    }
    return classes;
  }

  private static Map<String, String> provenance(String input, TfRecordOptions tfRecord) {
    Map<String, String> provenance = new LinkedHashMap<>();
    for (TfRecordOptions.Field field : tfRecord.fields()) {
      if (field instanceof TfRecordOptions.Image image) {
        provenance.putAll(ImageFeatures.of(image.image()).provenance());
      }
      provenance.put(field.tensor().name(), field.feature());
    }
    provenance.put("format", "tfrecord");
    provenance.put("input", input);
    return provenance;
  }
}
