package dev.lockstep.trainer.report.page;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Makes a {@link Page} one HTML file that needs nothing else: style, libraries and data are inside,
 * so that it opens without a network. Lives on the driver; stateless.
 */
public final class HtmlReport {

  /** Pixels that a card of half the page's width has room for. */
  private static final int HALF_A_PAGE = 480;

  private HtmlReport() {}

  /**
   * Writes the page, in UTF-8, and the folders it stands in where they are missing. Whoever reads
   * the file meanwhile finds the old one or the new one, whole.
   *
   * @throws IOException if it cannot be written
   */
  public static void write(Page page, Path file) throws IOException {
    Path target = file.toAbsolutePath();
    Files.createDirectories(target.getParent());
    Path unfinished = target.resolveSibling("." + target.getFileName() + ".unfinished");
    try {
      Files.writeString(unfinished, render(page));
      Files.move(
          unfinished, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }

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
    Drawings drawings = new Drawings();
    List<String> cards = cards(page.sections());
    for (int i = 0; i < cards.size(); i++) {
      Page.Section section = page.sections().get(i);
      String card = cards.get(i);
      if (section instanceof Page.Figures figures) {
        append(html, figures);
      } else if (section instanceof Page.Table table) {
        append(html, card, table);
      } else if (section instanceof Page.Text text) {
        html.append(card);
        heading(html, text.title());
        html.append("<p>").append(escaped(text.body())).append("</p></section>\n");
      } else if (section instanceof Page.Picture picture) {
        append(html, card, picture);
      } else if (section instanceof Chart chart) {
        append(html, card, chart, drawings.add(chart));
      } else if (section instanceof SurfacePlot landscape) {
        append(html, card, landscape, drawings.add(landscape));
      }
    }
    html.append("</div>\n<noscript><p>The charts need JavaScript.</p></noscript>\n");
    html.append("<footer>Written by Lockstep. This file needs no network.</footer>\n</main>\n");
    append(html, drawings);
    return html.append("</body>\n</html>\n").toString();
  }

  /** The opening tag of each section's card; one that would leave half a row empty takes it all. */
  private static List<String> cards(List<Page.Section> sections) {
    List<String> cards = new ArrayList<>();
    boolean hasLeft = false;
    for (int i = 0; i < sections.size(); i++) {
      boolean last = i + 1 == sections.size() || isWide(sections.get(i + 1));
      boolean wide = isWide(sections.get(i)) || (!hasLeft && last);
      cards.add(wide ? "<section class=\"card wide\">" : "<section class=\"card\">");
      hasLeft = !wide && !hasLeft;
    }
    return cards;
  }

  private static boolean isWide(Page.Section section) {
    if (section instanceof Page.Table table) {
      return !table.header().isEmpty();
    }
    if (section instanceof Page.Picture picture) {
      return picture.columns() > HALF_A_PAGE;
    }
    if (section instanceof Chart chart) {
      return chart.width() == Chart.Width.FULL;
    }
    return !(section instanceof SurfacePlot);
  }

  /** The data and the scripts that draw it. */
  private static void append(StringBuilder html, Drawings drawings) {
    if (!drawings.hasCharts() && !drawings.hasLandscapes()) {
      return;
    }
    html.append("<script type=\"application/json\" id=\"drawings\">")
        .append(drawings.inScript())
        .append("</script>\n");
    if (drawings.hasCharts()) {
      html.append("<script>\n").append(WebLibrary.CHART_JS.inScript()).append("\n</script>\n");
    }
    html.append("<script>\n").append(resource("page.js")).append("</script>\n");
    if (drawings.hasLandscapes()) {
      html.append("<script type=\"application/gzip\" id=\"plotly\">")
          .append(WebLibrary.PLOTLY.compressed())
          .append("</script>\n<script>\n")
          .append(resource("landscape.js"))
          .append("</script>\n");
    }
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

  private static void append(StringBuilder html, String card, Page.Table table) {
    boolean pairs = table.header().isEmpty();
    html.append(card);
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

  private static void append(StringBuilder html, String card, Page.Picture picture) {
    html.append(card);
    heading(html, picture.title());
    html.append("<img class=\"picture\" alt=\"")
        .append(escaped(picture.description()))
        .append("\" src=\"data:image/png;base64,")
        .append(Base64.getEncoder().encodeToString(picture.png()))
        .append("\"></section>\n");
  }

  private static void append(StringBuilder html, String card, Chart chart, int number) {
    html.append(card);
    heading(html, chart.title());
    html.append("<div class=\"chart\"><canvas id=\"chart-")
        .append(number)
        .append("\" role=\"img\" aria-label=\"")
        .append(escaped(chart.title()))
        .append("\"></canvas></div></section>\n");
  }

  private static void append(StringBuilder html, String card, SurfacePlot landscape, int number) {
    html.append(card);
    heading(html, landscape.title());
    html.append("<div class=\"landscape\" id=\"landscape-")
        .append(number)
        .append("\" role=\"img\" aria-label=\"")
        .append(escaped(landscape.title()))
        .append("\"></div></section>\n");
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

  private static String resource(String name) {
    return new String(WebLibrary.resource(name), StandardCharsets.UTF_8);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
