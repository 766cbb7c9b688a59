package dev.lockstep.trainer.report.page;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Writes a {@link Page} as one HTML file: the template {@code page.html} with the page as JSON, and
 * the scripts that draw it. The file contains style, libraries and data, so that it opens without a
 * network. Lives on the driver; stateless.
 */
public final class HtmlReport {

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final WebLibrary CHART_JS = new WebLibrary("chart.js", "dist/chart.umd.min.js");

  /** Width in pixels of a card that takes half of the page. */
  private static final int HALF_A_PAGE = 480;

  private HtmlReport() {}

  /**
   * Writes the page in UTF-8 and creates missing parent folders. The file is replaced atomically.
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
    StringBuilder scripts = new StringBuilder();
    for (String script : scripts(page.sections())) {
      scripts.append("<script>\n").append(script).append("</script>\n");
    }
    return WebLibrary.text(HtmlReport.class, "page.html")
        .replace("{{scripts}}\n", scripts)
        .replace("{{page}}", json(page));
  }

  /** The scripts that draw the sections, in the order in which they run. */
  private static List<String> scripts(List<Page.Section> sections) {
    List<String> scripts = new ArrayList<>();
    if (sections.stream().anyMatch(Chart.class::isInstance)) {
      scripts.add(CHART_JS.script());
    }
    scripts.add(WebLibrary.text(HtmlReport.class, "page.js"));
    Set<Class<?>> known = new HashSet<>();
    for (Page.Section section : sections) {
      if (section instanceof Page.Scripted scripted && known.add(section.getClass())) {
        scripts.add(scripted.script());
      }
    }
    return scripts;
  }

  /**
   * The page as JSON that cannot end the script element around it. Each section has its {@code
   * type}, and is {@code wide} if its card takes the whole row.
   */
  private static String json(Page page) {
    ObjectNode all = JSON.createObjectNode().put("title", page.title()).put("lead", page.lead());
    ArrayNode nodes = all.putArray("sections");
    List<Page.Section> sections = page.sections();
    boolean hasLeft = false;
    for (int i = 0; i < sections.size(); i++) {
      Page.Section section = sections.get(i);
      // A card of half the width that would have no neighbor takes the whole row.
      boolean last = i + 1 == sections.size() || isWide(sections.get(i + 1));
      boolean wide = isWide(section) || (!hasLeft && last);
      hasLeft = !wide && !hasLeft;
      ObjectNode node =
          JSON.valueToTree(section instanceof Page.Scripted scripted ? scripted.data() : section);
      nodes.add(node.put("type", section.getClass().getSimpleName()).put("wide", wide));
    }
    try {
      return JSON.writeValueAsString(all).replace("<", "\\u003c");
    } catch (JsonProcessingException e) {
      throw new AssertionError("a tree of JSON nodes can always be written", e);
    }
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
    return !(section instanceof Page.Scripted);
  }
}
