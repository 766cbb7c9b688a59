package dev.lockstep.trainer.report.page;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A page of tables and charts, before it is HTML. Immutable: what changes one returns another.
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

  /** A page that has a heading and nothing else yet. */
  public static Page titled(String title) {
    return new Page(title, "", List.of());
  }

  /** The same page with a sentence or two below the heading. */
  public Page withLead(String lead) {
    return new Page(title, lead, sections);
  }

  /** The same page with more sections below those it has. */
  public Page with(Section... more) {
    return new Page(title, lead, Stream.concat(sections.stream(), Arrays.stream(more)).toList());
  }

  /** What {@link String#format} makes of it, whatever the machine's language. */
  public static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** A part of a page; the names of its components are those of its JSON. */
  public sealed interface Section permits Figures, Table, Chart, Picture, Text, Scripted {}

  /** A section that brings the script that draws it. */
  public non-sealed interface Scripted extends Section {

    /** What the script draws; Jackson writes it as a JSON object. */
    Map<String, ?> data();

    /**
     * Source that draws all sections of this class, which {@code lockstep.cards(NAME)} returns by
     * the simple name of the class. Contained once in a page.
     */
    String script();
  }

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

    /** These figures, in this order. */
    public Figures(Figure... figures) {
      this(List.of(figures));
    }
  }

  /**
   * One number worth a large type.
   *
   * @param label what it is
   * @param value with its unit
   */
  public record Figure(String label, String value) {

    /**
     * A value written as {@link String#format} does, whatever the machine's language.
     *
     * @param label what it is
     */
    public static Figure of(String label, String format, Object... values) {
      return new Figure(label, text(format, values));
    }
  }

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

  /**
   * A picture made elsewhere, shown no larger than it is, however sharp the screen.
   *
   * @param title above it
   * @param description what it shows, for those who cannot see it
   * @param png the whole PNG file
   */
  public record Picture(String title, String description, byte[] png) implements Section {

    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    /** Where a PNG file says its width; the height and five bytes more complete its header. */
    private static final int WIDTH_AT = 16;

    private static final int HEADER_LENGTH = 33;

    /** Copies the bytes, and checks that they begin as a PNG file does. */
    public Picture {
      Objects.requireNonNull(title, "title");
      Objects.requireNonNull(description, "description");
      png = png.clone();
      if (png.length < HEADER_LENGTH
          || !Arrays.equals(SIGNATURE, Arrays.copyOf(png, SIGNATURE.length))) {
        throw new IllegalArgumentException(
            "picture %s: %d bytes that do not begin with the header of PNG: give a PNG file"
                .formatted(title, png.length));
      }
    }

    /** A copy of the bytes. */
    @Override
    public byte[] png() {
      return png.clone();
    }

    /** Its width in pixels. */
    int columns() {
      return ByteBuffer.wrap(png).getInt(WIDTH_AT);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Picture picture
          && title.equals(picture.title)
          && description.equals(picture.description)
          && Arrays.equals(png, picture.png);
    }

    @Override
    public int hashCode() {
      return Objects.hash(title, description, Arrays.hashCode(png));
    }

    @Override
    public String toString() {
      return "Picture[title=%s, description=%s, png=%d bytes]"
          .formatted(title, description, png.length);
    }
  }
}
