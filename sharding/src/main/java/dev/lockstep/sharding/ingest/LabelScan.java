package dev.lockstep.sharding.ingest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/** The pass over CSV that finds the classes of its label column. */
final class LabelScan {

  /** More distinct labels than this are taken for a mistake. */
  private static final int MAX_CLASSES = 10_000;

  private LabelScan() {}

  /**
   * Finds the classes in a Spark job; the driver receives the distinct labels of each group.
   *
   * @throws InvalidDataException with the first problem in the order of the data
   */
  static ClassLabels run(
      JavaSparkContext spark,
      List<List<TextRange>> groups,
      CsvLayout layout,
      SerializableConfiguration conf)
      throws IOException {
    TreeSet<String> labels = new TreeSet<>();
    for (String[] found :
        ShardJob.parts(spark, groups.size())
            .map(part -> distinct(groups.get(part), layout, conf.value()))
            .collect()) {
      if (!found[0].isEmpty()) {
        throw new InvalidDataException(found[0]);
      }
      labels.addAll(List.of(found).subList(1, found.length));
      refuseTooMany(labels, layout);
    }
    return ClassLabels.sorted(labels);
  }

  /** The problem or "", then the labels: an array, which every serializer knows. */
  private static String[] distinct(List<TextRange> ranges, CsvLayout layout, Configuration conf)
      throws IOException {
    TreeSet<String> labels = new TreeSet<>();
    try (CsvRows rows = new CsvRows(ranges, layout, conf)) {
      while (rows.hasNext()) {
        String label = CsvLayout.text(rows.next()[layout.labelColumn()]);
        if (label.isEmpty()) {
          throw rows.at(
              "the label in %s is empty".formatted(layout.columnName(layout.labelColumn())));
        }
        if (labels.add(label)) {
          refuseTooMany(labels, layout);
        }
      }
    } catch (InvalidDataException e) {
      return new String[] {e.getMessage()};
    } catch (UncheckedIOException e) {
      if (e.getCause() instanceof InvalidDataException invalid) {
        return new String[] {invalid.getMessage()};
      }
      throw e.getCause();
    }
    String[] found = new String[labels.size() + 1];
    found[0] = "";
    int at = 1;
    for (String label : labels) {
      found[at++] = label;
    }
    return found;
  }

  private static void refuseTooMany(Collection<String> labels, CsvLayout layout)
      throws InvalidDataException {
    if (labels.size() > MAX_CLASSES) {
      throw new InvalidDataException(
          "%s has more than %d different labels: is it a number to predict (regression)?"
              .formatted(layout.columnName(layout.labelColumn()), MAX_CLASSES));
    }
  }
}
