package dev.lockstep.trainer.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.report.Page.Table;
import dev.lockstep.trainer.report.Page.Text;
import dev.lockstep.trainer.report.Series.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class HtmlReportTest {

  private static final Pattern REFERENCE =
      Pattern.compile(
          "(?:src|href)\\s*=\\s*[\"']?([^\"'> ]*)|url\\(([^)]*)|sourceMappingURL=(\\S+)");

  @Test
  void needsNoOtherFile() {
    String html = HtmlReport.render(run(50).page());

    // Chart.js itself is searched too, as a browser would see it.
    Matcher references = REFERENCE.matcher(html);
    while (references.find()) {
      assertEquals("href=\"data:,", references.group());
    }
    assertTrue(html.contains("new Chart("));
    assertTrue(html.length() > 200_000, "Chart.js is inside");
  }

  @Test
  void showsCurvesFactsAndConfiguration() {
    String html = HtmlReport.render(run(3).page());

    assertTrue(html.contains("<td>parametersSha256</td><td>c0ffee</td>"));
    assertTrue(html.contains("<td>batchSize</td><td>64</td>"));
    assertTrue(html.contains("\"points\":[[1.0,1.0],[2.0,0.5]"), html.substring(0, 6000));
    assertTrue(html.contains("91.50 %"));
  }

  @Test
  void textCannotBecomeMarkupOrScript() {
    String evil = "</script><script>alert(1)</script>&\"";
    Page page =
        new Page(
            evil,
            evil,
            List.of(
                new Text(evil, evil),
                new Table(evil, List.of(evil), List.of(List.of(evil))),
                new Chart(
                    evil,
                    Chart.Kind.BAR,
                    evil,
                    evil,
                    Chart.Scale.LINEAR,
                    List.of(new Series(evil, List.of(new Point(1, 2)))))));

    assertFalse(HtmlReport.render(page).contains("<script>alert"));
  }

  @Test
  void whatWasNotMeasuredHasNoChart() {
    StepMetrics step = new StepMetrics(1, 0, 4, 1, Double.NaN, Double.NaN, Double.NaN, 1);
    TrainingReport report =
        new TrainingReport("run", Map.of(), Map.of(), new Metrics(List.of(step), List.of()));

    assertEquals(
        List.of("Loss"),
        report.page().sections().stream()
            .flatMap(s -> s instanceof Chart chart ? Stream.of(chart.title()) : Stream.of())
            .toList());
  }

  @Test
  void longCurvesAreThinnedToTheirMeans() {
    Chart loss =
        (Chart)
            run(2_500).page().sections().stream()
                .filter(Chart.class::isInstance)
                .findFirst()
                .orElseThrow();

    List<Point> points = loss.series().get(0).points();
    assertEquals(834, points.size());
    assertEquals(2, points.get(0).x());
    assertEquals((1 + 1 / 2.0 + 1 / 3.0) / 3, points.get(0).y(), 1e-12);
  }

  @Test
  void aTableThatIsNotRectangularIsRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> new Table("t", List.of("a", "b"), List.of(List.of("1"))));
    assertEquals("table t: row of 1 cells in a table of 2 columns", refused.getMessage());
  }

  private static TrainingReport run(int steps) {
    List<StepMetrics> all = new ArrayList<>();
    for (int step = 1; step <= steps; step++) {
      all.add(new StepMetrics(step, 0, 64L * step, 1.0 / step, 0.5, 0.001, 9000, step));
    }
    EpochMetrics epoch =
        new EpochMetrics(1, steps, 64L * steps, 0.3, 0.4, 0.915, 9000, steps * 0.1);
    return new TrainingReport(
        "A run",
        Map.of("parametersSha256", "c0ffee"),
        Map.of("batchSize", "64"),
        new Metrics(all, List.of(epoch)));
  }
}
