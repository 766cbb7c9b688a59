package dev.lockstep.sharding.ingest.libsvm;

import dev.lockstep.sharding.ingest.PreferredHosts;
import dev.lockstep.sharding.ingest.csv.CsvOptions.LabelKind;
import dev.lockstep.sharding.ingest.text.TextRange;
import dev.lockstep.sharding.prepare.BadData;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * What a pass over LIBSVM text finds.
 *
 * @param examples how many there are
 * @param highestIndex 0 when all values are 0
 * @param labels the distinct ones, where they are classes
 */
record LibSvmScan(long examples, int highestIndex, TreeSet<String> labels) {

  /** More distinct labels than this are taken for a mistake. */
  private static final int MAX_CLASSES = 10_000;

  /** In what a task tells, before the labels. */
  private static final int PROBLEM = 0;

  private static final int EXAMPLES = 1;
  private static final int HIGHEST = 2;
  private static final int LABELS = 3;

  /**
   * Reads all of it in a Spark job.
   *
   * @param badData whether lines that cannot be read end it, or do not count
   * @throws InvalidDataException with the first problem in the order of the data
   */
  static LibSvmScan run(
      JavaSparkContext spark,
      List<List<TextRange>> groups,
      LabelKind labelKind,
      BadData badData,
      SerializableConfiguration conf)
      throws IOException {
    LibSvmScan all = new LibSvmScan(0, 0, new TreeSet<>());
    for (String[] found :
        PreferredHosts.partitions(spark, groups)
            .map(part -> told(groups.get(part), labelKind, badData, conf.value()))
            .collect()) {
      if (!found[PROBLEM].isEmpty()) {
        throw new InvalidDataException(found[PROBLEM]);
      }
      TreeSet<String> labels = all.labels();
      labels.addAll(List.of(found).subList(LABELS, found.length));
      refuseTooMany(labels);
      all =
          new LibSvmScan(
              all.examples() + Long.parseLong(found[EXAMPLES]),
              Math.max(all.highestIndex(), Integer.parseInt(found[HIGHEST])),
              labels);
    }
    return all;
  }

  /** An array of texts, which every serializer knows. */
  private static String[] told(
      List<TextRange> ranges, LabelKind labelKind, BadData badData, Configuration conf)
      throws IOException {
    try {
      LibSvmScan found = of(ranges, labelKind, badData, conf);
      String[] told = new String[LABELS + found.labels().size()];
      told[PROBLEM] = "";
      told[EXAMPLES] = String.valueOf(found.examples());
      told[HIGHEST] = String.valueOf(found.highestIndex());
      int at = LABELS;
      for (String label : found.labels()) {
        told[at++] = label;
      }
      return told;
    } catch (InvalidDataException e) {
      return new String[] {e.getMessage()};
    }
  }

  private static LibSvmScan of(
      List<TextRange> ranges, LabelKind labelKind, BadData badData, Configuration conf)
      throws IOException {
    long examples = 0;
    int highest = 0;
    TreeSet<String> labels = new TreeSet<>();
    try (SparseLines lines = new SparseLines(ranges, conf)) {
      while (lines.hasNext()) {
        try {
          SparseLine line = lines.next();
          if (labelKind == LabelKind.CLASSIFICATION) {
            labels.add(lines.at(line::className));
          }
          highest = Math.max(highest, line.highestIndex());
          examples++;
        } catch (UncheckedIOException e) {
          if (badData == BadData.FAIL || !(e.getCause() instanceof InvalidDataException)) {
            throw e;
          }
        }
        refuseTooMany(labels);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return new LibSvmScan(examples, highest, labels);
  }

  private static void refuseTooMany(TreeSet<String> labels) throws InvalidDataException {
    if (labels.size() > MAX_CLASSES) {
      throw new InvalidDataException(
          "there are more than %d different labels: are they numbers to predict (regression)?"
              .formatted(MAX_CLASSES));
    }
  }
}
