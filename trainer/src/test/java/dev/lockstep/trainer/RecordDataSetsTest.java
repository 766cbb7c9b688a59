package dev.lockstep.trainer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import dev.lockstep.trainer.data.LabelEncoding;
import dev.lockstep.trainer.data.RecordLabels;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.records.reader.impl.csv.CSVRecordReader;
import org.datavec.api.records.reader.impl.csv.CSVSequenceRecordReader;
import org.datavec.api.split.CollectionInputSplit;
import org.deeplearning4j.datasets.datavec.RecordReaderDataSetIterator;
import org.deeplearning4j.datasets.datavec.SequenceRecordReaderDataSetIterator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** DataVec's records become the values that DL4J's own iterators make of them, in their order. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RecordDataSetsTest {

  private static JavaSparkContext spark;
  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    spark = LocalSpark.shared();
  }

  @Test
  void recordsAreWhatDl4jsIteratorMakesOfThem() throws Exception {
    Random random = new Random(4);
    List<URI> files = new ArrayList<>();
    for (int file = 0; file < 3; file++) {
      StringBuilder text = new StringBuilder();
      for (int row = 0; row < 70 * file; row++) {
        text.append(
            "%f,%d,%f,%f%n"
                .formatted(
                    random.nextGaussian(),
                    random.nextInt(3),
                    random.nextGaussian(),
                    random.nextGaussian()));
      }
      files.add(write("part" + file, text.toString()));
    }
    for (RecordLabels labels : List.of(RecordLabels.classes(1, 3), RecordLabels.numbers(2, 3))) {
      boolean numbers = labels.classes() == RecordLabels.NUMBERS;
      RecordReader reader = new CSVRecordReader();
      // Not the empty file, for which DataVec's reader throws.
      reader.initialize(new CollectionInputSplit(files.subList(1, 3)));
      DataSet expected =
          only(
              numbers
                  ? new RecordReaderDataSetIterator(reader, 1000, 2, 3, true)
                  : new RecordReaderDataSetIterator(reader, 1000, 1, 3));
      List<URI> listed = new ArrayList<>(files);
      Collections.reverse(listed);
      ShardedDataset data =
          shard(DataSetSource.records(spark, CSVRecordReader::new, listed, labels));
      assertEquals(
          numbers ? Encoding.FLOAT32 : Encoding.CLASS_INDEX,
          data.manifest().tensors().get(1).encoding());
      assertSame(expected.getFeatures(), data, 0);
      assertSame(expected.getLabels(), data, 1);
    }
  }

  @Test
  void sequencesArePaddedAndMaskedAsDl4jsIteratorDoes() throws Exception {
    Random random = new Random(4);
    List<URI> files = new ArrayList<>();
    for (int file = 0; file < 4; file++) {
      StringBuilder text = new StringBuilder();
      for (int step = 0; step < 2 + file * 3 % 5; step++) {
        text.append(
            "%d,%f,%f%n"
                .formatted(random.nextInt(3), random.nextGaussian(), random.nextGaussian()));
      }
      files.add(write("sequence" + file, text.toString()));
    }
    CSVSequenceRecordReader reader = new CSVSequenceRecordReader();
    reader.initialize(new CollectionInputSplit(files));
    DataSet expected = only(new SequenceRecordReaderDataSetIterator(reader, 10, 3, 0, false));
    RecordLabels labels = RecordLabels.classes(0, 3);
    ShardedDataset data =
        shard(DataSetSource.records(spark, CSVSequenceRecordReader::new, files, labels));
    assertEquals(
        List.of("features", "labels", "features_mask", "labels_mask"),
        data.manifest().tensors().stream().map(TensorSpec::name).toList());
    assertSame(expected.getFeatures(), data, 0);
    assertSame(expected.getLabels(), data, 1);
    assertSame(expected.getFeaturesMaskArray(), data, 2);
    assertSame(expected.getLabelsMaskArray(), data, 3);
  }

  @Test
  void aFileThatCannotBeReadIsNamed() throws IOException {
    RecordLabels labels = RecordLabels.classes(1, 3);
    URI good = write("a", "1,2\n3,0\n");
    URI word = write("b", "1,2\n3,horse\n");
    String message = refused(List.of(good, word), labels);
    assertTrue(
        message.startsWith(word + ": DataVec cannot read it as its reader is set: ")
            && message.contains("horse"),
        message);
    URI outside = write("c", "1,2\n3,7\n");
    message = refused(List.of(good, outside), labels);
    assertTrue(message.startsWith(outside + ": DataVec cannot read it"), message);
    assertEquals("no files for DataVec to read: name one or more", refused(List.of(), labels));
    assertEquals(
        "labels from=2 to=1: give columns counted from 0, in order",
        assertThrows(IllegalArgumentException.class, () -> RecordLabels.numbers(2, 1))
            .getMessage());
    assertEquals(
        "labels from=0 to=0 classes=1: classes are one column, of 2 classes or more",
        assertThrows(IllegalArgumentException.class, () -> RecordLabels.classes(0, 1))
            .getMessage());
  }

  private String refused(List<URI> files, RecordLabels labels) {
    return assertThrows(
            InvalidDataException.class,
            () -> shard(DataSetSource.records(spark, CSVRecordReader::new, files, labels)))
        .getMessage();
  }

  private ShardedDataset shard(DataSetSource data) throws IOException {
    return Lockstep.shard(
        data,
        Files.createTempDirectory(folder, "shards").resolve("data").toUri().toString(),
        LabelEncoding.DETECT,
        ShardingOptions.named("records"));
  }

  private static DataSet only(DataSetIterator sets) {
    DataSet first = sets.next();
    assertTrue(!sets.hasNext(), "one batch holds all");
    return first;
  }

  /** The tensor of all examples in the order of the shards. */
  private static void assertSame(INDArray expected, ShardedDataset data, int tensor)
      throws Exception {
    int examples = (int) data.manifest().examples();
    try (MicroBatchStream stream =
        new MicroBatchStream(
            new StreamRequest(
                data,
                Examples.of(data.manifest().holdout(1, 0), Split.TRAINING),
                new Order(1, Shuffle.NONE),
                Workers.all(1),
                examples,
                EpochRange.only(0),
                Reading.ahead(1)),
            new Configuration())) {
      assertArrayEquals(
          expected.dup('c').data().asFloat(), stream.next().batch().values().get(tensor));
    }
  }

  private URI write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name + ".csv"), text).toUri();
  }
}
