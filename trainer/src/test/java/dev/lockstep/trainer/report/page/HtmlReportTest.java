package dev.lockstep.trainer.report.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.Metrics;
import dev.lockstep.trainer.metrics.RunNote;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.report.TrainingReport;
import dev.lockstep.trainer.report.page.Page.Picture;
import dev.lockstep.trainer.report.page.Page.Table;
import dev.lockstep.trainer.report.page.Page.Text;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {

  private static final Pattern REFERENCE =
      Pattern.compile(
          "(?:src|href)\\s*=\\s*[\"']?([^\"'> ]*)|url\\(([^)]*)|sourceMappingURL=(\\S+)");

  @Test
  void needsNoOtherFile() {
    String html = HtmlReport.render(run(50).page());

    // Chart.js itself is searched too, as a browser would see it.
    assertRefersToNothing(html);
    assertTrue(html.contains("new Chart("));
    assertTrue(html.length() > 200_000, "Chart.js is inside");
  }

  @Test
  void carriesOnlyTheLibrariesThatDrawIt() throws IOException {
    SurfacePlot bowl =
        SurfacePlot.contours(
            "bowl", "x", "y", (x, y) -> x * x + 2 * y * y, new Range(-1, 1), new Range(-1, 1));
    String text = HtmlReport.render(Page.titled("t").with(new Text("a", "b")));
    String curves = HtmlReport.render(run(50).page());
    String landscape = HtmlReport.render(Page.titled("t").with(bowl));

    assertFalse(text.contains("<script"));
    assertTrue(curves.length() < 400_000, "a training's report stays small");
    assertFalse(curves.contains("id=\"plotly\""));
    assertFalse(landscape.contains("Chart.js v"));
    assertTrue(landscape.length() < 4_000_000, "Plotly is compressed");
    assertRefersToNothing(landscape);
    Matcher packed = Pattern.compile("id=\"plotly\">([^<]*)</script>").matcher(landscape);
    assertTrue(packed.find());
    byte[] bytes = Base64.getDecoder().decode(packed.group(1));
    try (InputStream gzip = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      String source = new String(gzip.readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(source.startsWith("/**\n* plotly.js v3."), source.substring(0, 40));
    }
  }

  @Test
  void pathsAreLiftedOntoTheirLandscape() {
    Drawings drawings = new Drawings();
    drawings.add(
        SurfacePlot.surface(
            "bowl",
            "x",
            "y",
            (x, y) -> x == 0 ? Double.NaN : x * x + 2 * y * y,
            new Range(-2, 2),
            new Range(-1, 1),
            Series.of("descent", new double[] {-2, 0, 1, 1}, new double[] {1, 0, 0, 1})));

    String json = drawings.inScript();
    assertTrue(
        json.contains("\"points\":[[-2.0,1.0,6.0],[0.0,0.0,null],[1.0,0.0,1.0],[1.0,1.0,3.0]]"));
    assertTrue(json.contains("\"heights\":[[6.0,"), "the grid begins at its lower left corner");
    assertTrue(json.contains("[-1.0,0.5,1.5]"), "between two points the path is on the surface");
  }

  @Test
  void noHalfRowStaysEmpty() {
    Chart half = Chart.lines("c", "x", "y", Series.of("s", List.of(new Point(1, 2))));
    String html =
        HtmlReport.render(Page.titled("t").with(half, half, half, new Text("a", "b"), half));

    List<String> cards =
        Pattern.compile("<section class=\"([a-z ]*)\">")
            .matcher(html)
            .results()
            .map(card -> card.group(1))
            .toList();
    assertEquals(List.of("card", "card", "card wide", "card wide", "card wide"), cards);
  }

  @Test
  void picturesAreInsideAndDescribed() {
    String html =
        HtmlReport.render(Page.titled("t").with(new Picture("digits", "a \"7\"", onePixel())));

    assertTrue(html.contains("alt=\"a &quot;7&quot;\" src=\"data:image/png;base64,iVBORw0KGgo"));
  }

  @Test
  void whatIsNoPngIsRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> new Picture("p", "d", new byte[] {1, 2}));
    assertEquals(
        "picture p: 2 bytes that do not begin with the header of PNG: give a PNG file",
        refused.getMessage());
  }

  @Test
  void chartsSayHowTheyAreDrawn() {
    Series own = Series.function("Lockstep", x -> 2 * x, 0, 199);
    String html =
        HtmlReport.render(
            Page.titled("t")
                .with(
                    Chart.lines("loss", "step", "", own, own.withStyle(Series.Style.DASHED))
                        .logarithmic()
                        .withYRange(0.5, 10)
                        .wide()));

    assertTrue(html.contains("\"scale\":\"LOGARITHMIC\",\"yRange\":[0.5,10.0]"));
    assertTrue(html.contains("\"style\":\"LINE\",\"points\":[[0.0,0.0],[1.0,2.0],"));
    assertTrue(html.contains("\"style\":\"DASHED\""));
    assertTrue(html.contains("<section class=\"card wide\"><h2>loss</h2>"));
  }

  @Test
  void writesItsFileAndTheFoldersAboveIt(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("a/b/index.html");
    Page page = Page.titled("Größe").with(new Text("a", "b"));

    HtmlReport.write(Page.titled("before"), file);
    HtmlReport.write(page, file);

    assertEquals(HtmlReport.render(page), Files.readString(file));
    try (Stream<Path> files = Files.list(file.getParent())) {
      assertEquals(List.of(file), files.toList());
    }
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
                new Picture(evil, evil, onePixel()),
                Chart.bars(evil, evil, evil, Series.of(evil, List.of(new Point(1, 2)))),
                SurfacePlot.surface(
                    evil,
                    evil,
                    evil,
                    (x, y) -> x * y,
                    new Range(0, 1),
                    new Range(0, 1),
                    Series.of(evil, List.of(new Point(0, 1))))));

    String html = HtmlReport.render(page);
    assertFalse(html.contains("<script>alert"));
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
  void whatHappenedIsListedAndMarkedOnTheLoss() {
    StepMetrics first = new StepMetrics(1, 0, 4, 0.7, Double.NaN, 0.1, 10, 1, 0);
    StepMetrics second = new StepMetrics(2, 0, 8, 0.5, Double.NaN, 0.1, 10, 2, 0);
    TrainingReport report =
        new TrainingReport(
            "run",
            Map.of(),
            Map.of(),
            new Metrics(List.of(first, second), List.of()),
            List.of(),
            List.of(new RunNote(1, "an executor was lost")));

    Chart loss =
        (Chart)
            report.page().sections().stream()
                .filter(section -> section instanceof Chart)
                .findFirst()
                .orElseThrow();
    Series marks = loss.series().get(loss.series().size() - 1);
    assertEquals(List.of(new Series.Point(2, 0.5)), marks.points());
    assertEquals(Series.Style.DOTS, marks.style());
    assertTrue(HtmlReport.render(report.page()).contains("an executor was lost"));
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

  private static void assertRefersToNothing(String html) {
    Matcher references = REFERENCE.matcher(html);
    while (references.find()) {
      assertEquals("href=\"data:,", references.group());
    }
  }

  /** The smallest picture. */
  private static byte[] onePixel() {
    return Base64.getDecoder()
        .decode(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTlDRwAAAABJRU5E"
                + "rkJggg==");
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
