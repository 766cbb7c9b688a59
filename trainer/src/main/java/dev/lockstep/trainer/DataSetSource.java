package dev.lockstep.trainer;

import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.ExampleIngest;
import dev.lockstep.sharding.ingest.JavaSerialization;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.trainer.data.DataSetLayout;
import dev.lockstep.trainer.data.LabelEncoding;
import dev.lockstep.trainer.data.RecordDataSets;
import dev.lockstep.trainer.data.RecordLabels;
import dev.lockstep.trainer.data.SavedDataSet;
import dev.lockstep.trainer.data.WeightedDataSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function0;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.datavec.api.records.reader.RecordReader;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * DL4J's data sets, wherever they come from, on their way into data shards; see {@link
 * Lockstep#shard(DataSetSource, String, LabelEncoding, ShardingOptions)}. Their order is kept,
 * however they are partitioned. They are computed more than once, and must be the same in the same
 * order each time.
 *
 * <p>All have the same arrays, of the same shapes, with the same masks, but for sequences (rank 3,
 * {@code [examples, size, time]}): shorter ones are padded with zeros at their end to the length of
 * the longest, and masks say where. Lives on the driver.
 */
public final class DataSetSource {

  /** Tasks that read files: more would only cost the driver. */
  private static final int MOST_PARTITIONS = 10_000;

  private final JavaRDD<Sourced> data;

  /** What is known of the labels' meaning, where the caller leaves it to be detected. */
  private final LabelEncoding known;

  /** The tensor of the examples' weights, if they have any. */
  private final List<TensorSpec> weights;

  /**
   * A data set on its way through a task.
   *
   * @param source its file, for messages; "" if it has none
   * @param weights of its examples; null if they have none
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  private record Sourced(String source, MultiDataSet data, float[] weights) {

    static Sourced of(String source, MultiDataSet data) {
      return new Sourced(source, data, null);
    }

    /** What a step makes of the data set; its complaints name the file. */
    <T> T map(Function<MultiDataSet, T> step) throws InvalidDataException {
      try {
        return step.apply(data);
      } catch (IllegalArgumentException e) {
        throw new InvalidDataException(
            source.isEmpty() ? e.getMessage() : source + ": " + e.getMessage());
      }
    }

    Iterator<Example> examples(DataSetLayout layout) throws InvalidDataException {
      List<Example> examples = map(layout::examples);
      if (weights == null) {
        return examples.iterator();
      }
      List<Example> weighted = new ArrayList<>();
      for (int i = 0; i < examples.size(); i++) {
        List<float[]> values = new ArrayList<>(examples.get(i).values());
        values.add(new float[] {weights[i]});
        weighted.add(new Example(values));
      }
      return weighted.iterator();
    }
  }

  private DataSetSource(JavaRDD<Sourced> data, LabelEncoding known) {
    this(data, known, List.of());
  }

  private DataSetSource(JavaRDD<Sourced> data, LabelEncoding known, List<TensorSpec> weights) {
    this.data = data;
    this.known = known;
    this.weights = weights;
  }

  /** Data sets of one input and one output. */
  public static DataSetSource of(JavaRDD<DataSet> data) {
    return new DataSetSource(
        data.map(each -> Sourced.of("", each.toMultiDataSet())), LabelEncoding.DETECT);
  }

  /** Data sets for graphs of any number of inputs and outputs. */
  public static DataSetSource ofMulti(JavaRDD<? extends MultiDataSet> data) {
    return new DataSetSource(data.map(each -> Sourced.of("", each)), LabelEncoding.DETECT);
  }

  /**
   * Data sets whose examples have weights, which become the tensor {@code weights}: a weight of 2
   * is the example taken twice.
   */
  public static DataSetSource ofWeighted(JavaRDD<WeightedDataSet> data) {
    return new DataSetSource(
        data.map(each -> new Sourced("", each.data(), each.weights())),
        LabelEncoding.DETECT,
        List.of(
            new TensorSpec(
                "weights", TensorSpec.Role.WEIGHTS, TensorSpec.Encoding.FLOAT32, List.of(1))));
  }

  /** One data set, of examples that fit in the driver's memory. */
  public static DataSetSource of(JavaSparkContext spark, DataSet data) {
    return of(spark.parallelize(List.of(data), 1));
  }

  /**
   * Files that {@code DataSet.save} or {@code MultiDataSet.save} wrote, each small enough for a
   * task's memory, in the order of their paths. Java objects in them (metadata, names of labels)
   * are not read: deserialising them would run code of whoever wrote the file.
   *
   * @param folder any Hadoop URI that driver and executors share; its subfolders are looked
   *     through, names that begin with {@code .} or {@code _} are passed over
   * @throws java.io.FileNotFoundException if there is no such folder
   * @throws InvalidDataException if it has no files
   */
  public static DataSetSource saved(JavaSparkContext spark, String folder) throws IOException {
    SerializableConfiguration conf = new SerializableConfiguration(spark.hadoopConfiguration());
    AddressSecrets.requireNone("folder", folder);
    List<String> files = files(new Path(folder), conf.value());
    if (files.isEmpty()) {
      throw new InvalidDataException(
          folder + " holds no files: save data sets there with DataSet.save(File)");
    }
    return new DataSetSource(
        spark
            .parallelize(files, Math.min(files.size(), MOST_PARTITIONS))
            .map(file -> Sourced.of(file, read(file, conf.value()))),
        LabelEncoding.DETECT);
  }

  private static List<String> files(Path folder, Configuration conf) throws IOException {
    List<String> files = new ArrayList<>();
    FileSystem system = folder.getFileSystem(conf);
    Path root = system.makeQualified(folder);
    RemoteIterator<LocatedFileStatus> found = system.listFiles(root, true);
    while (found.hasNext()) {
      Path file = found.next().getPath();
      if (!isHidden(root, file)) {
        files.add(file.toString());
      }
    }
    Collections.sort(files);
    return files;
  }

  private static boolean isHidden(Path root, Path file) {
    for (Path path = file; path != null && !path.equals(root); path = path.getParent()) {
      if (path.getName().startsWith(".") || path.getName().startsWith("_")) {
        return true;
      }
    }
    return false;
  }

  private static MultiDataSet read(String file, Configuration conf) throws IOException {
    Path path = new Path(file);
    try (FSDataInputStream in = path.getFileSystem(conf).open(path)) {
      return SavedDataSet.read(in.readAllBytes());
    } catch (IllegalArgumentException e) {
      throw new InvalidDataException(file + ": " + e.getMessage());
    }
  }

  /**
   * Files that a DataVec reader reads, in the order of their paths: one record an example, or one
   * sequence where the reader is a {@code SequenceRecordReader}. Values and order are those of
   * DL4J's own {@code RecordReaderDataSetIterator} and {@code SequenceRecordReaderDataSetIterator}
   * on each file. Shorter sequences are padded at their end (what DL4J calls {@code ALIGN_START}).
   *
   * @param reader makes a new reader; called once a file, in the executor that reads it. Readers
   *     must read streams, as DataVec's own for text do
   * @param files any Hadoop URIs that driver and executors share
   * @param labels which columns of a record are labels
   */
  public static DataSetSource records(
      JavaSparkContext spark,
      Function0<? extends RecordReader> reader,
      List<URI> files,
      RecordLabels labels)
      throws InvalidDataException {
    if (files.isEmpty()) {
      throw new InvalidDataException("no files for DataVec to read: name one or more");
    }
    files.forEach(file -> AddressSecrets.requireNone("file", file.toString()));
    SerializableConfiguration conf = new SerializableConfiguration(spark.hadoopConfiguration());
    List<String> sorted = files.stream().map(URI::toString).sorted().toList();
    return new DataSetSource(
        spark
            .parallelize(new ArrayList<>(sorted), Math.min(sorted.size(), MOST_PARTITIONS))
            .flatMap(file -> read(file, reader.call(), labels, conf.value())),
        labels.encoding());
  }

  private static Iterator<Sourced> read(
      String file, RecordReader reader, RecordLabels labels, Configuration conf)
      throws IOException {
    Path path = new Path(URI.create(file));
    // A file that is not there is no bad data.
    FileStatus status = path.getFileSystem(conf).getFileStatus(path);
    RecordDataSets sets;
    try {
      sets =
          RecordDataSets.open(
              reader, labels, URI.create(file), () -> path.getFileSystem(conf).open(path));
    } catch (RuntimeException e) {
      throw new InvalidDataException(unreadable(file, e));
    }
    TaskContext.get()
        .addTaskCompletionListener((TaskCompletionListener) ended -> closeQuietly(sets));
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return status.getLen() > 0 && named(sets::hasNext);
      }

      @Override
      public Sourced next() {
        return Sourced.of(file, named(sets::next));
      }

      private <T> T named(Supplier<T> step) {
        try {
          return step.get();
        } catch (RuntimeException e) {
          throw new UncheckedIOException(new InvalidDataException(unreadable(file, e)));
        }
      }
    };
  }

  private static String unreadable(String file, RuntimeException e) {
    return file + ": DataVec cannot read it as its reader is set: " + e;
  }

  private static void closeQuietly(RecordDataSets sets) {
    try {
      sets.close();
    } catch (IOException e) {
      // Everything wanted has been read.
    }
  }

  /**
   * Writes them; see {@link Lockstep#shard(DataSetSource, String, LabelEncoding, ShardingOptions)}.
   */
  ShardedDataset shard(String location, LabelEncoding labels, ShardingOptions options)
      throws IOException {
    try {
      DataSetLayout layout = layout(location, labels == LabelEncoding.DETECT ? known : labels);
      List<TensorSpec> tensors = new ArrayList<>(layout.tensors());
      tensors.addAll(weights);
      return ExampleIngest.ingest(
          data.flatMap(each -> each.examples(layout)), tensors, Map.of(), location, options);
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
    List<byte[]> first =
        data.map(each -> JavaSerialization.toBytes(each.map(set -> DataSetLayout.of(set, labels))))
            .take(1);
    if (first.isEmpty()) {
      throw new InvalidDataException("the RDD of DataSets for " + location + " is empty");
    }
    DataSetLayout start = JavaSerialization.fromBytes(first.get(0), DataSetLayout.class);
    DataSetLayout layout = start;
    if (layout.hasSequences()) {
      for (byte[] part : data.mapPartitions(each -> stretched(start, each)).collect()) {
        layout = layout.stretchedTo(JavaSerialization.fromBytes(part, DataSetLayout.class));
      }
    }
    return layout;
  }

  private static Iterator<byte[]> stretched(DataSetLayout start, Iterator<Sourced> data)
      throws IOException {
    DataSetLayout layout = start;
    while (data.hasNext()) {
      layout = data.next().map(layout::stretchedTo);
    }
    return List.of(JavaSerialization.toBytes(layout)).iterator();
  }
}
