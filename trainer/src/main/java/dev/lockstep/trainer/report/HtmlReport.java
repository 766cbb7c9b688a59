package dev.lockstep.trainer.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Properties;

/**
 * Makes a {@link Page} one HTML file that needs nothing else: style, Chart.js and data are inside,
 * so that it opens without a network. Lives on the driver; stateless.
 */
public final class HtmlReport {

  private static final ObjectMapper JSON = new ObjectMapper();

  private HtmlReport() {}

  /** The page as a complete HTML document; write it in UTF-8. */
  public static String render(Page page) {
    StringBuilder html = new StringBuilder(300_000);
    html.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        // Keeps browsers from asking a server for one.
        .append("<link rel=\"icon\" href=\"data:,\">\n<title>")
        .append(escaped(page.title()))
        .append("</title>\n<style>\n")
        .append(resource("page.css"))
        .append("</style>\n</head>\n<body>\n<main>\n<h1>")
        .append(escaped(page.title()))
        .append("</h1>\n");
    if (!page.lead().isEmpty()) {
      html.append("<p class=\"lead\">").append(escaped(page.lead())).append("</p>\n");
    }
    html.append("<div class=\"sections\">\n");
    ArrayNode charts = JSON.createArrayNode();
    for (Page.Section section : page.sections()) {
      if (section instanceof Page.Figures figures) {
        append(html, figures);
      } else if (section instanceof Page.Table table) {
        append(html, table);
      } else if (section instanceof Page.Text text) {
        html.append("<section class=\"card wide\">");
        heading(html, text.title());
        html.append("<p>").append(escaped(text.body())).append("</p></section>\n");
      } else if (section instanceof Chart chart) {
        html.append("<section class=\"card\">");
        heading(html, chart.title());
        html.append("<div class=\"chart\"><canvas id=\"chart-")
            .append(charts.size())
            .append("\" role=\"img\" aria-label=\"")
            .append(escaped(chart.title()))
            .append("\"></canvas></div></section>\n");
        charts.add(json(chart));
      }
    }
    html.append("</div>\n<noscript><p>The charts need JavaScript.</p></noscript>\n");
    html.append("<footer>Written by Lockstep. This file needs no network.</footer>\n</main>\n");
    if (!charts.isEmpty()) {
      html.append("<script type=\"application/json\" id=\"charts\">")
          .append(inScript(charts))
          .append("</script>\n<script>\n")
          .append(chartJs())
          .append("\n</script>\n<script>\n")
          .append(resource("page.js"))
          .append("</script>\n");
    }
    return html.append("</body>\n</html>\n").toString();
  }

  private static void append(StringBuilder html, Page.Figures figures) {
    html.append("<div class=\"figures wide\">\n");
    for (Page.Figure figure : figures.figures()) {
      html.append("<div class=\"card\"><div class=\"figure-label\">")
          .append(escaped(figure.label()))
          .append("</div><div class=\"figure-value\">")
          .append(escaped(figure.value()))
          .append("</div></div>\n");
    }
    html.append("</div>\n");
  }

  private static void append(StringBuilder html, Page.Table table) {
    boolean pairs = table.header().isEmpty();
    html.append("<section class=\"card").append(pairs ? "" : " wide").append("\">");
    heading(html, table.title());
    html.append("<div class=\"scroll\"><table").append(pairs ? " class=\"pairs\">" : ">");
    if (!pairs) {
      row(html, table.header(), "th");
    }
    for (List<String> cells : table.rows()) {
      row(html, cells, "td");
    }
    html.append("</table></div></section>\n");
  }

  private static void row(StringBuilder html, List<String> cells, String element) {
    html.append("<tr>");
    for (String cell : cells) {
      html.append('<').append(element).append('>').append(escaped(cell));
      html.append("</").append(element).append('>');
    }
    html.append("</tr>\n");
  }

  private static void heading(StringBuilder html, String title) {
    if (!title.isEmpty()) {
      html.append("<h2>").append(escaped(title)).append("</h2>");
    }
  }

  private static ObjectNode json(Chart chart) {
    ObjectNode node = JSON.createObjectNode();
    node.put("kind", chart.kind().name());
    node.put("xLabel", chart.xLabel());
    node.put("yLabel", chart.yLabel());
    node.put("scale", chart.scale().name());
    ArrayNode all = node.putArray("series");
    for (Series series : chart.series()) {
      ObjectNode one = all.addObject().put("name", series.name());
      ArrayNode points = one.putArray("points");
      for (Series.Point point : series.points()) {
        if (Double.isFinite(point.x()) && Double.isFinite(point.y())) {
          points.addArray().add(point.x()).add(point.y());
        }
      }
    }
    return node;
  }

  /** JSON that cannot end the script element it stands in. */
  private static String inScript(ArrayNode node) {
    try {
      return JSON.writeValueAsString(node).replace("<", "\\u003c");
    } catch (JsonProcessingException e) {
      throw new AssertionError("a tree of plain nodes is always written", e);
    }
  }

  private static String chartJs() {
    Properties versions = new Properties();
    try {
      versions.load(new StringReader(resource("chartjs.properties")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String version = versions.getProperty("version");
    String source =
        resource("/META-INF/resources/webjars/chart.js/" + version + "/dist/chart.umd.min.js");
    // Developer tools would look for the map beside this file.
    return source.replaceAll("(?m)^//# sourceMappingURL=.*$", "");
  }

  private static String resource(String name) {
    try (InputStream bytes = HtmlReport.class.getResourceAsStream(name)) {
      if (bytes == null) {
        throw new IllegalStateException(name + " is not on the class path: rebuild lockstep.jar");
      }
      return new String(bytes.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
