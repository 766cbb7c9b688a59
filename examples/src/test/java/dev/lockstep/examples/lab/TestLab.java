package dev.lockstep.examples.lab;

import dev.lockstep.trainer.cli.SparkSessions;
import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.HtmlReport;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine;

/** Runs examples in tests, and finds what their pages say. */
public final class TestLab {

  /** Lives as long as the tests' JVM, for all of them; starts with the first that needs it. */
  private static final class Shared {
    static final JavaSparkContext SPARK =
        new JavaSparkContext(
            SparkSessions.configure(
                new SparkConf()
                    .setMaster("local[2]")
                    .setAppName("examples")
                    .set("spark.ui.enabled", "false"),
                NumericProfile.AVX2));
  }

  private TestLab() {}

  /** The Spark context of all tests. */
  public static JavaSparkContext spark() {
    return Shared.SPARK;
  }

  /**
   * Runs an example as {@code lockstep example NAME ARGUMENTS} would, but for the session.
   *
   * @param folder of its outputs, {@code --dir}
   */
  public static Page run(Experiment example, Path folder, String... arguments) throws IOException {
    return run(example, TestLab::spark, folder, arguments);
  }

  /** The same of an example that needs no Spark; fails if it does. */
  public static Page runWithoutSpark(Experiment example, Path folder, String... arguments)
      throws IOException {
    return run(
        example,
        () -> {
          throw new AssertionError(example.getClass().getSimpleName() + " asks for Spark");
        },
        folder,
        arguments);
  }

  private static Page run(
      Experiment example, Supplier<JavaSparkContext> spark, Path folder, String... arguments)
      throws IOException {
    String[] all =
        Stream.concat(Stream.of("--dir=" + folder), Stream.of(arguments)).toArray(String[]::new);
    new CommandLine(example).parseArgs(all);
    Lab lab = example.lab(spark);
    Page page = example.run(lab);
    HtmlReport.write(page, lab.folder().resolve("index.html"));
    return page;
  }

  /** The points of a series. */
  public static List<Series.Point> points(Page page, String chart, String series) {
    return page.sections().stream()
        .filter(section -> section instanceof Chart drawn && drawn.title().equals(chart))
        .flatMap(section -> ((Chart) section).series().stream())
        .filter(each -> each.name().equals(series))
        .findFirst()
        .orElseThrow(() -> new AssertionError(page.title() + ": no " + chart + " / " + series))
        .points();
  }

  /** The last y of a series. */
  public static double last(Page page, String chart, String series) {
    List<Series.Point> points = points(page, chart, series);
    return points.get(points.size() - 1).y();
  }

  /** A table. */
  public static Page.Table table(Page page, String title) {
    return page.sections().stream()
        .filter(section -> section instanceof Page.Table table && table.title().equals(title))
        .map(Page.Table.class::cast)
        .findFirst()
        .orElseThrow(() -> new AssertionError(page.title() + ": no table " + title));
  }

  /** A figure in large type, as a number. */
  public static double figure(Page page, String label) {
    return page.sections().stream()
        .filter(Page.Figures.class::isInstance)
        .flatMap(section -> ((Page.Figures) section).figures().stream())
        .filter(figure -> figure.label().equals(label))
        .mapToDouble(figure -> Double.parseDouble(figure.value().replaceAll("[^0-9.eE+-]", "")))
        .findFirst()
        .orElseThrow(() -> new AssertionError(page.title() + ": no figure " + label));
  }
}
