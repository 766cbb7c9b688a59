package dev.lockstep.trainer.report;

import java.util.List;
import java.util.Objects;

/**
 * A page of tables and charts, before it is HTML.
 *
 * @param title heading
 * @param lead a sentence or two below the heading; may be empty
 * @param sections in the order shown
 */
public record Page(String title, String lead, List<Section> sections) {

  /** Copies the list. */
  public Page {
    Objects.requireNonNull(title, "title");
    Objects.requireNonNull(lead, "lead");
    sections = List.copyOf(sections);
  }

  /** A part of a page. */
  public sealed interface Section permits Figures, Table, Chart, Text {}

  /**
   * A few numbers worth a large type.
   *
   * @param figures in the order shown
   */
  public record Figures(List<Figure> figures) implements Section {
    /** Copies the list. */
    public Figures {
      figures = List.copyOf(figures);
    }
  }

  /**
   * One number worth a large type.
   *
   * @param label what it is
   * @param value with its unit
   */
  public record Figure(String label, String value) {}

  /**
   * A table.
   *
   * @param title above it
   * @param header one cell a column; empty for none
   * @param rows each as long as the others
   */
  public record Table(String title, List<String> header, List<List<String>> rows)
      implements Section {
    /** Checks that the table is rectangular. */
    public Table {
      header = List.copyOf(header);
      rows = rows.stream().map(List::copyOf).toList();
      int columns = header.isEmpty() && !rows.isEmpty() ? rows.get(0).size() : header.size();
      for (List<String> row : rows) {
        if (row.size() != columns) {
          throw new IllegalArgumentException(
              "table %s: row of %d cells in a table of %d columns"
                  .formatted(title, row.size(), columns));
        }
      }
    }
  }

  /**
   * A paragraph of plain text.
   *
   * @param title above it
   * @param body escaped when rendered
   */
  public record Text(String title, String body) implements Section {}
}
