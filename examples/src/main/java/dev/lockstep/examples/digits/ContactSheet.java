package dev.lockstep.examples.digits;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Puts many digits into one PNG, to look at: one row of examples for each label. */
public final class ContactSheet {

  private static final int SCALE = 2;
  private static final int GAP = 2;

  private ContactSheet() {}

  /**
   * Writes a sheet.
   *
   * @param columns examples of each label
   * @throws IOException if the file cannot be written
   */
  public static void write(DigitGenerator generator, int columns, Path png) throws IOException {
    int cell = Digit.SIZE * SCALE + GAP;
    BufferedImage sheet =
        new BufferedImage(columns * cell, 10 * cell, BufferedImage.TYPE_BYTE_GRAY);
    int[] filled = new int[10];
    int complete = 0;
    for (long index = 0; complete < 10; index++) {
      Digit digit = generator.digit(index);
      int column = filled[digit.label()];
      if (column < columns) {
        paint(sheet, digit, column * cell, digit.label() * cell);
        filled[digit.label()]++;
        complete += column + 1 == columns ? 1 : 0;
      }
    }
    if (!ImageIO.write(sheet, "png", png.toFile())) {
      throw new IOException("this JDK writes no PNG: " + png);
    }
  }

  private static void paint(BufferedImage sheet, Digit digit, int left, int top) {
    for (int y = 0; y < Digit.SIZE * SCALE; y++) {
      for (int x = 0; x < Digit.SIZE * SCALE; x++) {
        int grey = 255 - (digit.image()[y / SCALE * Digit.SIZE + x / SCALE] & 0xFF);
        sheet.getRaster().setSample(left + x, top + y, 0, grey);
      }
    }
  }
}
