package dev.lockstep.trainer.report.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.Metrics;
import dev.lockstep.trainer.metrics.RunNote;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.report.TrainingReport;
import dev.lockstep.trainer.report.page.Page.Picture;
import dev.lockstep.trainer.report.page.Page.Table;
import dev.lockstep.trainer.report.page.Page.Text;
import dev.lockstep.trainer.report.page.Series.Point;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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
  void carriesOnlyTheLibrariesThatDrawIt() {
    String text = HtmlReport.render(Page.titled("t").with(new Text("a", "b")));
    String curves = HtmlReport.render(run(50).page());

    assertFalse(text.contains("Chart.js v"));
    assertTrue(curves.contains("Chart.js v"));
    assertTrue(curves.length() < 400_000, "a training's report stays small");
  }

  /** A section that the page's own script cannot draw. */
  private record Star(int points) implements Page.Scripted {
    @Override
    public Map<String, ?> data() {
      return Map.of("title", "star", "points", points);
    }

    @Override
    public String script() {
      return "drawStars(lockstep.cards('Star'));";
    }
  }

  @Test
  void aSectionBringsItsScriptOnce() {
    String html = HtmlReport.render(Page.titled("t").with(new Star(5), new Star(6)));

    assertEquals(5, section(html, 0).get("points").asInt());
    assertEquals(6, section(html, 1).get("points").asInt());
    assertEquals("Star", section(html, 1).get("type").asText());
    assertEquals(2, html.split("drawStars", -1).length);
    assertTrue(html.indexOf("drawStars") > html.indexOf("var lockstep"), "after the page's own");
  }

  @Test
  void noHalfRowStaysEmpty() {
    Chart half = Chart.lines("c", "x", "y", Series.of("s", List.of(new Point(1, 2))));
    String html =
        HtmlReport.render(Page.titled("t").with(half, half, half, new Text("a", "b"), half));

    List<Boolean> wide = new ArrayList<>();
    page(html).get("sections").forEach(section -> wide.add(section.get("wide").asBoolean()));
    assertEquals(List.of(false, false, true, true, true), wide);
  }

  @Test
  void picturesAreInsideAndDescribed() {
    String html =
        HtmlReport.render(Page.titled("t").with(new Picture("digits", "a \"7\"", onePixel())));

    assertEquals("a \"7\"", section(html, 0).get("description").asText());
    assertTrue(section(html, 0).get("png").asText().startsWith("iVBORw0KGgo"));
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

    JsonNode chart = section(html, 0);
    assertEquals("LOGARITHMIC", chart.at("/yAxis/scale").asText());
    assertEquals("[0.5,10.0]", chart.at("/yAxis/limits").toString());
    assertEquals("LINE", chart.at("/series/0/style").asText());
    assertEquals("[1.0,2.0]", chart.at("/series/0/coordinates/1").toString());
    assertEquals("DASHED", chart.at("/series/1/style").asText());
    assertTrue(chart.get("wide").asBoolean());
  }

  @Test
  void pointsThatAreNotFiniteAreLeftOut() {
    Series holes =
        Series.of(
            "s",
            new double[] {1, 2, 3, 4},
            new double[] {5, Double.NaN, Double.POSITIVE_INFINITY, 6});
    JsonNode chart =
        section(HtmlReport.render(Page.titled("t").with(Chart.lines("c", "x", "y", holes))), 0);

    assertEquals("[[1.0,5.0],[4.0,6.0]]", chart.at("/series/0/coordinates").toString());
    assertTrue(chart.at("/yAxis/limits").isMissingNode());
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

    String json = page(html).toString();
    assertTrue(json.contains("[\"parametersSha256\",\"c0ffee\"]"), json);
    assertTrue(json.contains("[\"batchSize\",\"64\"]"), json);
    assertTrue(json.contains("\"coordinates\":[[1.0,1.0],[2.0,0.5]"), json);
    assertTrue(json.contains("91.50 %"), json);
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
                Chart.bars(evil, evil, evil, Series.of(evil, List.of(new Point(1, 2))))));

    String html = HtmlReport.render(page);
    assertFalse(html.contains("<script>alert"));
    assertEquals(evil, page(html).get("title").asText());
    assertFalse(
        WebLibrary.text(HtmlReport.class, "page.js")
            .matches("(?s).*(inner|outer|insertAdj.*)HTML.*"));
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

  private static JsonNode section(String html, int index) {
    return page(html).get("sections").get(index);
  }

  /** The JSON that the page's script draws. */
  private static JsonNode page(String html) {
    Matcher island =
        Pattern.compile("<script type=\"application/json\" id=\"page\">([^<]*)</script>")
            .matcher(html);
    assertTrue(island.find(), "the page has its JSON");
    try {
      return new ObjectMapper().readTree(island.group(1));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
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
