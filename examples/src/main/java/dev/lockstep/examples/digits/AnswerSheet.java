package dev.lockstep.examples.digits;

import dev.lockstep.examples.digits.Stroke.Point;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import javax.imageio.ImageIO;

/**
 * Puts digits and what a model takes them for into one PNG: a row for each answer, which begins
 * with the answer as neat handwriting. A machine without fonts can make it.
 */
public final class AnswerSheet {

  private static final int ROWS = 10;
  private static final int SCALE = 2;
  private static final int FRAME = 2;
  private static final int GAP = 2;
  private static final int CELL = Digit.SIZE * SCALE + 2 * FRAME + GAP;

  private static final int PAPER = 0xFFFFFF;
  private static final int HEADING = 0x1F5FA8;
  private static final int WRONG = 0xD62728;

  private AnswerSheet() {}

  /**
   * One digit and what it is taken for.
   *
   * @param digit with what it is
   * @param answer what the model says, 0 to 9
   */
  public record Answer(Digit digit, int answer) {

    /** Checks the answer. */
    public Answer {
      Objects.requireNonNull(digit, "digit");
      if (answer < 0 || answer >= ROWS) {
        throw new IllegalArgumentException("answer=%d: must be 0 to 9".formatted(answer));
      }
    }
  }

  /**
   * Draws a sheet: digits in their order, each in the row of its answer while there is room; the
   * wrong ones in a red frame.
   *
   * @param columns digits of a row
   * @return a PNG file
   */
  public static byte[] png(List<Answer> answers, int columns) {
    BufferedImage sheet =
        new BufferedImage((columns + 1) * CELL, ROWS * CELL, BufferedImage.TYPE_INT_RGB);
    fill(sheet, 0, 0, sheet.getWidth(), sheet.getHeight(), PAPER);
    for (int row = 0; row < ROWS; row++) {
      paint(sheet, neat(row), 0, row * CELL, HEADING);
    }
    int[] filled = new int[ROWS];
    for (Answer each : answers) {
      int row = each.answer();
      if (filled[row] < columns) {
        filled[row]++;
        int left = filled[row] * CELL;
        if (each.digit().label() != row) {
          fill(sheet, left, row * CELL, CELL - GAP, CELL - GAP, WRONG);
        }
        paint(sheet, each.digit().image(), left, row * CELL, 0);
      }
    }
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    try {
      if (!ImageIO.write(sheet, "png", png)) {
        throw new IllegalStateException("this JDK writes no PNG");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return png.toByteArray();
  }

  /** The first way to write a digit, in the middle of an image, by a steady hand. */
  private static byte[] neat(int label) {
    Canvas canvas = new Canvas(Digit.SIZE);
    for (Stroke stroke : Handwriting.strokes(label, 0)) {
      List<Point> path =
          stroke.flattened().stream()
              .map(point -> new Point(Digit.SIZE * point.x(), Digit.SIZE * point.y()))
              .toList();
      canvas.draw(path, 1.2, 1);
    }
    return canvas.bytes();
  }

  /** Between paper and a color, by the ink of each pixel. */
  private static void paint(BufferedImage sheet, byte[] image, int left, int top, int color) {
    for (int y = 0; y < Digit.SIZE * SCALE; y++) {
      for (int x = 0; x < Digit.SIZE * SCALE; x++) {
        int ink = Byte.toUnsignedInt(image[y / SCALE * Digit.SIZE + x / SCALE]);
        sheet.setRGB(left + FRAME + x, top + FRAME + y, blend(ink, color));
      }
    }
  }

  private static int blend(int ink, int color) {
    int blended = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
      int part = (color >> shift) & 0xFF;
      blended |= (0xFF + (part - 0xFF) * ink / 0xFF) << shift;
    }
    return blended;
  }

  private static void fill(
      BufferedImage sheet, int left, int top, int width, int height, int color) {
    for (int y = top; y < top + height; y++) {
      for (int x = left; x < left + width; x++) {
        sheet.setRGB(x, y, color);
      }
    }
  }
}
