package dev.lockstep.sharding.ingest.libsvm;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import dev.lockstep.sharding.ingest.text.TextRange;
import dev.lockstep.sharding.prepare.ClassLabels;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.Closeable;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;

/** The examples of a group of ranges of LIBSVM text. Lives in an executor. */
final class LibSvmExamples implements Iterator<Example>, Closeable {

  private final SparseLines lines;
  private final LabelKind labelKind;
  private final int features;
  private final ClassLabels classes;

  LibSvmExamples(
      List<TextRange> ranges,
      LabelKind labelKind,
      int features,
      ClassLabels classes,
      Configuration conf) {
    lines = new SparseLines(ranges, conf);
    this.labelKind = labelKind;
    this.features = features;
    this.classes = classes;
  }

  @Override
  public boolean hasNext() {
    return lines.hasNext();
  }

  @Override
  public Example next() {
    SparseLine line = lines.next();
    return lines.at(
        () ->
            switch (labelKind) {
              case NONE -> Example.of(line.dense(features));
              case REGRESSION -> Example.of(line.dense(features), new float[] {line.number()});
              case CLASSIFICATION ->
                  Example.of(line.dense(features), new float[] {classIndex(line)});
            });
  }

  private int classIndex(SparseLine line) throws InvalidDataException {
    OptionalInt index = classes.index(line.className());
    if (index.isEmpty()) {
      throw new InvalidDataException(
          "label '%s' is none of the %d classes %s"
              .formatted(line.label(), classes.names().size(), classes.names()));
    }
    return index.getAsInt();
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
