package dev.lockstep.trainer;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.ExampleIngest;
import dev.lockstep.sharding.ingest.InvalidDataException;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.trainer.model.DataSetLayout;
import dev.lockstep.trainer.model.LabelEncoding;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * DL4J's data sets, wherever they come from, on their way into data shards; see {@link
 * Lockstep#shard(DataSets, String, LabelEncoding, ShardingOptions)}. Their order is kept, however
 * they are partitioned. They are computed more than once, and must be the same in the same order
 * each time.
 *
 * <p>All have the same arrays, of the same shapes, with the same masks, but for sequences (rank 3,
 * {@code [examples, size, time]}): shorter ones are padded with zeros at their end to the length of
 * the longest, and masks say where. Lives on the driver.
 */
public final class DataSets {

  private final JavaRDD<MultiDataSet> data;

  private DataSets(JavaRDD<MultiDataSet> data) {
    this.data = data;
  }

  /** Data sets of one input and one output. */
  public static DataSets of(JavaRDD<DataSet> data) {
    return new DataSets(data.map(DataSet::toMultiDataSet));
  }

  /** Data sets for graphs of any number of inputs and outputs. */
  public static DataSets ofMulti(JavaRDD<? extends MultiDataSet> data) {
    return new DataSets(data.map(each -> each));
  }

  /** One data set, of examples that fit in the driver's memory. */
  public static DataSets of(JavaSparkContext spark, DataSet data) {
    return of(spark.parallelize(List.of(data), 1));
  }

  /** Writes them; see {@link Lockstep#shard(DataSets, String, LabelEncoding, ShardingOptions)}. */
  Dataset shard(String location, LabelEncoding labels, ShardingOptions options) throws IOException {
    try {
      DataSetLayout layout = layout(location, labels);
      List<TensorSpec> tensors = layout.tensors();
      return ExampleIngest.ingest(
          data.flatMap(each -> examples(each, layout)), tensors, Map.of(), location, options);
    } catch (Exception e) {
      // Spark throws its own checked exception, which its Java methods do not declare.
      for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
        if (cause instanceof InvalidDataException) {
          InvalidDataException invalid = new InvalidDataException(cause.getMessage());
          invalid.initCause(e);
          throw invalid;
        }
      }
      throw e;
    }
  }

  /** That of the first data set, stretched to the longest sequence of all. */
  private DataSetLayout layout(String location, LabelEncoding labels) throws IOException {
    List<byte[]> first = data.map(each -> toBytes(layoutOf(each, labels))).take(1);
    if (first.isEmpty()) {
      throw new InvalidDataException("the RDD of DataSets for " + location + " is empty");
    }
    DataSetLayout start = fromBytes(first.get(0));
    DataSetLayout layout = start;
    if (layout.hasSequences()) {
      for (byte[] part : data.mapPartitions(each -> stretched(start, each)).collect()) {
        layout = layout.stretchedTo(fromBytes(part));
      }
    }
    return layout;
  }

  private static DataSetLayout layoutOf(MultiDataSet data, LabelEncoding labels)
      throws InvalidDataException {
    try {
      return DataSetLayout.of(data, labels);
    } catch (IllegalArgumentException e) {
      throw new InvalidDataException(e.getMessage());
    }
  }

  private static Iterator<byte[]> stretched(DataSetLayout start, Iterator<MultiDataSet> data)
      throws IOException {
    DataSetLayout layout = start;
    while (data.hasNext()) {
      try {
        layout = layout.stretchedTo(data.next());
      } catch (IllegalArgumentException e) {
        throw new InvalidDataException(e.getMessage());
      }
    }
    return List.of(toBytes(layout)).iterator();
  }

  private static Iterator<Example> examples(MultiDataSet data, DataSetLayout layout)
      throws InvalidDataException {
    try {
      return layout.examples(data).iterator();
    } catch (IllegalArgumentException e) {
      throw new InvalidDataException(e.getMessage());
    }
  }

  /** As bytes: Spark may be set to a serializer that does not know records. */
  private static byte[] toBytes(DataSetLayout layout) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(layout);
    }
    return bytes.toByteArray();
  }

  private static DataSetLayout fromBytes(byte[] bytes) throws IOException {
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
      return (DataSetLayout) in.readObject();
    } catch (ClassNotFoundException e) {
      throw new IOException("result of another version of Lockstep", e);
    }
  }
}
