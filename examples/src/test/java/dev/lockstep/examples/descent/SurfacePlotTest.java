package dev.lockstep.examples.descent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.report.page.HtmlReport;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Range;
import dev.lockstep.trainer.report.page.Series;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

class SurfacePlotTest {

  private static final SurfacePlot BOWL =
      new SurfacePlot(
          "</script>bowl",
          SurfacePlot.View.SURFACE,
          (x, y) -> x == 0 ? Double.NaN : x * x + 2 * y * y,
          new Range(-2, 2),
          List.of(Series.of("descent", new double[] {-2, 0, 1, 1}, new double[] {1, 0, 0, 1})));

  private final String html = HtmlReport.render(Page.titled("t").with(BOWL, BOWL));

  @Test
  void pathsAreLiftedOntoTheSurface() {
    assertTrue(
        html.contains("\"points\":[[-2.0,1.0,6.0],[0.0,0.0,null],[1.0,0.0,1.0],[1.0,1.0,3.0]]"));
    assertTrue(html.contains("\"heights\":[[12.0,"), "the grid begins at its lower left corner");
    assertTrue(html.contains("[-1.0,0.5,1.5]"), "between two points the path is on the surface");
  }

  @Test
  void thePageHasPlotlyOnceAndCompressed() throws IOException {
    assertFalse(html.contains("Chart.js v"));
    assertTrue(html.length() < 4_000_000, "length=" + html.length());
    Matcher packed = Pattern.compile("plotly = '([^']*)'").matcher(html);
    assertTrue(packed.find());
    byte[] bytes = Base64.getDecoder().decode(packed.group(1));
    try (InputStream gzip = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      String source = new String(gzip.readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(source.startsWith("/**\n* plotly.js v3."), source.substring(0, 40));
    }
    assertFalse(packed.find());
  }

  @Test
  void textCannotBecomeMarkup() {
    assertEquals(
        html.split("<script", -1).length, html.split("</script>", -1).length, "scripts and ends");
  }
}
