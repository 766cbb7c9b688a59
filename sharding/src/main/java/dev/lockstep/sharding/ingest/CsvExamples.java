package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.Example;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;

/** The examples of a group of text ranges. Lives in an executor. */
final class CsvExamples implements Iterator<Example>, Closeable {

  private final CsvRows rows;
  private final CsvLayout layout;
  private final CsvOptions.LabelKind labelKind;
  private final ClassLabels classes;

  CsvExamples(
      List<TextRange> ranges,
      CsvLayout layout,
      CsvOptions.LabelKind labelKind,
      ClassLabels classes,
      Configuration conf) {
    rows = new CsvRows(ranges, layout, conf);
    this.layout = layout;
    this.labelKind = labelKind;
    this.classes = classes;
  }

  @Override
  public boolean hasNext() {
    return rows.hasNext();
  }

  @Override
  public Example next() {
    String[] row = rows.next();
    try {
      float[] features = new float[layout.features()];
      int at = 0;
      for (int column = 0; column < row.length; column++) {
        if (column != layout.labelColumn()) {
          features[at++] = number(row[column], column);
        }
      }
      return switch (labelKind) {
        case NONE -> Example.of(features);
        case REGRESSION ->
            Example.of(
                features, new float[] {number(row[layout.labelColumn()], layout.labelColumn())});
        case CLASSIFICATION ->
            Example.of(features, new float[] {classIndex(row[layout.labelColumn()])});
      };
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int classIndex(String value) throws IOException {
    String label = CsvLayout.text(value);
    OptionalInt index = classes.index(label);
    if (index.isEmpty()) {
      throw rows.at(
          "label '%s' in %s is none of the %d classes %s"
              .formatted(
                  label,
                  layout.columnName(layout.labelColumn()),
                  classes.names().size(),
                  classes.names()));
    }
    return index.getAsInt();
  }

  private float number(String value, int column) throws IOException {
    String text = CsvLayout.text(value);
    if (text.isEmpty()) {
      throw rows.at(
          "%s is empty: fill in a number or drop the row".formatted(layout.columnName(column)));
    }
    float number;
    try {
      number = Float.parseFloat(text);
    } catch (NumberFormatException e) {
      throw rows.at("'%s' in %s is no number".formatted(text, layout.columnName(column)));
    }
    if (!Float.isFinite(number)) {
      throw rows.at(
          "'%s' in %s is not a finite number: replace it or drop the row"
              .formatted(text, layout.columnName(column)));
    }
    return number;
  }

  @Override
  public void close() throws IOException {
    rows.close();
  }
}
