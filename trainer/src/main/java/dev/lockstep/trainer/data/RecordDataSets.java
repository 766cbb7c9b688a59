package dev.lockstep.trainer.data;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.Iterator;
import java.util.List;
import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.records.reader.SequenceRecordReader;
import org.datavec.api.split.StreamInputSplit;
import org.deeplearning4j.datasets.datavec.RecordReaderDataSetIterator;
import org.deeplearning4j.datasets.datavec.SequenceRecordReaderDataSetIterator;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * The records of one file as data sets, made by DL4J's own iterators: of some records each, or of
 * one sequence each, unpadded. Lives in an executor; for one thread.
 */
public final class RecordDataSets implements Iterator<MultiDataSet>, Closeable {

  private static final int RECORDS = 64;

  private final RecordReader reader;
  private final DataSetIterator sets;

  private RecordDataSets(RecordReader reader, DataSetIterator sets) {
    this.reader = reader;
    this.sets = sets;
  }

  /** Opens a file, as often as a reader asks. */
  public interface Opening {
    /** A new stream over the file, which the reader closes. */
    InputStream open() throws IOException;
  }

  /**
   * Reads a file.
   *
   * @param reader new, and this object's from here on; a {@link SequenceRecordReader} reads
   *     sequences
   * @param labels of each record, or of each step of a sequence
   * @throws IllegalArgumentException if labels of sequences are several columns, for which DL4J's
   *     iterator has no place
   */
  public static RecordDataSets open(
      RecordReader reader, RecordLabels labels, URI file, Opening opening) throws IOException {
    DataSetIterator sets = iterator(reader, labels);
    try {
      reader.initialize(new StreamInputSplit(List.of(file), uri -> stream(opening)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while opening " + file, e);
    }
    return new RecordDataSets(reader, sets);
  }

  private static InputStream stream(Opening opening) {
    try {
      return opening.open();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static DataSetIterator iterator(RecordReader reader, RecordLabels labels) {
    boolean numbers = labels.classes() == RecordLabels.NUMBERS;
    if (!(reader instanceof SequenceRecordReader sequences)) {
      return numbers
          ? new RecordReaderDataSetIterator(reader, RECORDS, labels.from(), labels.to(), true)
          : new RecordReaderDataSetIterator(reader, RECORDS, labels.from(), labels.classes());
    }
    if (labels.from() != labels.to()) {
      throw new IllegalArgumentException(
          "labels from="
              + labels.from()
              + " to="
              + labels.to()
              + " of sequences: give one column, or make the DataSets yourself");
    }
    return new SequenceRecordReaderDataSetIterator(
        sequences, 1, numbers ? 1 : labels.classes(), labels.from(), numbers);
  }

  @Override
  public boolean hasNext() {
    return sets.hasNext();
  }

  @Override
  public MultiDataSet next() {
    return sets.next().toMultiDataSet();
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
