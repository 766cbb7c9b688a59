package dev.lockstep.examples.digits;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.examples.digits.AnswerSheet.Answer;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class AnswerSheetTest {

  private static final int CELL = 62;
  private static final int RED = 0xFFD62728;

  @Test
  void aDigitStandsInTheRowOfItsAnswerAndOnlyAWrongOneIsFramed() throws IOException {
    byte[] black = new byte[Digit.SIZE * Digit.SIZE];
    Arrays.fill(black, (byte) 255);
    List<Answer> answers =
        List.of(new Answer(new Digit(3, black), 3), new Answer(new Digit(4, black), 3));
    BufferedImage sheet = ImageIO.read(new ByteArrayInputStream(AnswerSheet.png(answers, 2)));
    assertEquals(3 * CELL, sheet.getWidth());
    assertEquals(10 * CELL, sheet.getHeight());
    int middle = 3 * CELL + CELL / 2;
    assertEquals(0xFF000000, sheet.getRGB(CELL + CELL / 2, middle));
    assertEquals(0xFF000000, sheet.getRGB(2 * CELL + CELL / 2, middle));
    assertEquals(0xFFFFFFFF, sheet.getRGB(CELL, 3 * CELL));
    assertEquals(RED, sheet.getRGB(2 * CELL, 3 * CELL));
    assertEquals(
        1L * (60 * 60 - 56 * 56),
        IntStream.range(0, sheet.getWidth() * sheet.getHeight())
            .filter(i -> sheet.getRGB(i % sheet.getWidth(), i / sheet.getWidth()) == RED)
            .count());
  }

  @Test
  void anAnswerThatIsNoDigitIsRefused() {
    Digit digit = new Digit(0, new byte[Digit.SIZE * Digit.SIZE]);
    assertEquals(
        "answer=10: must be 0 to 9",
        assertThrows(IllegalArgumentException.class, () -> new Answer(digit, 10)).getMessage());
  }
}
