package dev.lockstep.trainer.bench;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.ingest.csv.CsvIngest;
import dev.lockstep.sharding.ingest.csv.CsvOptions;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import dev.lockstep.trainer.LocalSpark;
import java.io.BufferedWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.datavec.api.records.reader.impl.csv.CSVRecordReader;
import org.datavec.api.split.FileSplit;
import org.deeplearning4j.datasets.datavec.RecordReaderDataSetIterator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The same CSV file as micro-batches of ND4J arrays, over and over: through Lockstep, which shards
 * it once and then reads the shards, shuffled; and through DL4J's {@code
 * RecordReaderDataSetIterator} over DataVec's {@code CSVRecordReader}, which parses it each time.
 * 60,000 rows of 50 numbers and one of ten classes, batch 64; the two take turns. Needs the numeric
 * profile's environment and Spark's JVM options.
 */
public final class CsvBenchmark {

  private static final int ROWS = 60_000;
  private static final int COLUMNS = 50;
  private static final int CLASSES = 10;
  private static final int BATCH = 64;
  private static final int WINDOW = 4096;
  private static final int ROUNDS = 5;

  private CsvBenchmark() {}

  /** Prints examples a second of both, of the sharding, and the ratio. */
  public static void main(String[] args) throws Exception {
    Path folder = Files.createTempDirectory("lockstep-csv-benchmark");
    Path csv = write(folder.resolve("data.csv"));
    ShardedDataset dataset;
    double sharding;
    try (JavaSparkContext spark = LocalSpark.on("local[1]")) {
      long start = System.nanoTime();
      dataset =
          CsvIngest.ingest(
              spark,
              csv.toString(),
              folder.resolve("shards").toString(),
              CsvOptions.of(CsvOptions.Header.ABSENT),
              ShardingOptions.named("benchmark"));
      sharding = rate(start);
    }
    double[] ours = new double[ROUNDS];
    double[] theirs = new double[ROUNDS];
    for (int round = -1; round < ROUNDS; round++) {
      double stream = stream(dataset);
      double iterator = iterator(csv);
      if (round >= 0) {
        ours[round] = stream;
        theirs[round] = iterator;
      }
    }
    System.out.printf(
        Locale.ROOT,
        "sharding, once, Spark's first job included: %,.0f examples/s%nmedians of %d: data shards"
            + " %,.0f, RecordReaderDataSetIterator %,.0f examples/s; ratio %.1f%n",
        sharding,
        ROUNDS,
        median(ours),
        median(theirs),
        median(ours) / median(theirs));
  }

  private static Path write(Path file) throws Exception {
    Random random = new Random(1);
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      for (int row = 0; row < ROWS; row++) {
        for (int c = 0; c < COLUMNS; c++) {
          out.write(Float.toString(random.nextInt(100_000) / 1000f));
          out.write(',');
        }
        out.write(Integer.toString(row % CLASSES));
        out.newLine();
      }
    }
    return file;
  }

  private static double stream(ShardedDataset dataset) throws Exception {
    long start = System.nanoTime();
    long examples = 0;
    Holdout split = Holdout.of(1, 0, dataset.manifest().blockSizes());
    StreamRequest request =
        new StreamRequest(
            dataset,
            Examples.of(split, Split.TRAINING),
            new Order(1, Shuffle.within(WINDOW)),
            Workers.all(1),
            BATCH,
            EpochRange.only(0),
            Reading.ahead(4));
    try (MicroBatchStream stream = new MicroBatchStream(request, new Configuration())) {
      for (MicroBatchStream.Item item = stream.next(); item != null; item = stream.next()) {
        MicroBatch batch = item.batch();
        for (int t = 0; t < batch.tensors().size(); t++) {
          long[] shape = {batch.examples(), batch.tensors().get(t).elements()};
          try (INDArray array = Nd4j.create(batch.values().get(t), shape, 'c')) {
            examples += t == 0 ? array.size(0) : 0;
          }
        }
      }
    }
    check(examples);
    return rate(start);
  }

  private static double iterator(Path csv) throws Exception {
    long start = System.nanoTime();
    long examples = 0;
    try (CSVRecordReader reader = new CSVRecordReader()) {
      reader.initialize(new FileSplit(csv.toFile()));
      RecordReaderDataSetIterator batches =
          new RecordReaderDataSetIterator(reader, BATCH, COLUMNS, CLASSES);
      while (batches.hasNext()) {
        DataSet batch = batches.next();
        examples += batch.numExamples();
      }
    }
    check(examples);
    return rate(start);
  }

  private static void check(long examples) {
    if (examples != ROWS) {
      throw new IllegalStateException("read " + examples + " of " + ROWS);
    }
  }

  private static double rate(long start) {
    return ROWS / ((System.nanoTime() - start) / 1e9);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
