package dev.lockstep.sharding.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HoldoutTest {

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.01, 0.1, 0.2, 1 / 3.0, 0.5, 0.75, 0.99})
  void holdsOutExactlyTheRoundedFraction(double fraction) {
    Random random = new Random(11);
    for (int round = 0; round < 50; round++) {
      int[] sizes = random.ints(1 + random.nextInt(30), 1, 60).toArray();
      sizes[0] += 100;
      long total = Arrays.stream(sizes).sum();
      Holdout holdout = Holdout.of(round, fraction, sizes);
      assertEquals(Math.round(fraction * total), holdout.examples(Split.VALIDATION));
      assertEquals(total, holdout.examples(Split.TRAINING) + holdout.examples(Split.VALIDATION));
      for (int b = 0; b < sizes.length; b++) {
        assertTrue(
            Math.abs(holdout.sizes(Split.VALIDATION)[b] - fraction * sizes[b]) <= 1,
            "each block holds out its share");
      }
    }
  }

  @Test
  void eachRowIsOnOneSide() {
    int[] sizes = {10, 1, 37, 100};
    Holdout holdout = Holdout.of(3, 0.3, sizes);
    for (int b = 0; b < sizes.length; b++) {
      boolean[] seen = new boolean[sizes[b]];
      for (Split split : Split.values()) {
        int[] rows = holdout.rows(split, b);
        assertEquals(holdout.sizes(split)[b], rows.length);
        int previous = -1;
        for (int row : rows) {
          assertTrue(row > previous && !seen[row]);
          seen[row] = true;
          previous = row;
        }
      }
      for (boolean each : seen) {
        assertTrue(each);
      }
    }
  }

  @Test
  void nothingHeldOutKeepsTheOrderOfTheFile() {
    Holdout holdout = Holdout.of(3, 0, new int[] {4, 2});
    assertArrayEquals(new int[] {0, 1, 2, 3}, holdout.rows(Split.TRAINING, 0));
    assertArrayEquals(new int[0], holdout.rows(Split.VALIDATION, 0));
    assertArrayEquals(new int[] {4, 2}, holdout.sizes(Split.TRAINING));
  }

  @Test
  void seedsDiffer() {
    int[] sizes = {200};
    assertNotEquals(
        Arrays.toString(Holdout.of(1, 0.5, sizes).rows(Split.TRAINING, 0)),
        Arrays.toString(Holdout.of(2, 0.5, sizes).rows(Split.TRAINING, 0)));
  }

  @Test
  void theChoiceIsFrozen() {
    long hash = 0;
    Holdout holdout = Holdout.of(42, 0.2, new int[] {1000, 17, 256, 3});
    for (Split split : List.of(Split.TRAINING, Split.VALIDATION)) {
      for (int b = 0; b < holdout.blocks(); b++) {
        for (int row : holdout.rows(split, b)) {
          hash = Seeds.mix(hash, row);
        }
      }
    }
    assertEquals("35eef5aa24efe0ca", Long.toHexString(hash));
  }

  @Test
  void survivesSerialization() throws Exception {
    Holdout holdout = Holdout.of(42, 0.2, new int[] {100, 17});
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(holdout);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      Holdout copy = (Holdout) in.readObject();
      assertArrayEquals(holdout.rows(Split.VALIDATION, 0), copy.rows(Split.VALIDATION, 0));
      assertArrayEquals(holdout.sizes(Split.TRAINING), copy.sizes(Split.TRAINING));
    }
  }

  @Test
  void rejectionsSayWhatIsWrong() {
    assertRefused("validationFraction=1.0 must be in [0, 1)", 1, 10);
    assertRefused("validationFraction=-0.1 must be in [0, 1)", -0.1, 10);
    assertRefused("validationFraction=NaN must be in [0, 1)", Double.NaN, 10);
    assertRefused("blockSizes[0]=-1 < 0", 0.5, -1);
    assertRefused(
        "validationFraction=0.01 of 10 examples leaves no validation example: raise it, or use more"
            + " data",
        0.01,
        10);
    assertRefused(
        "validationFraction=0.99 of 10 examples leaves no training example: lower it, or use more"
            + " data",
        0.99,
        10);
  }

  private static void assertRefused(String message, double fraction, int size) {
    assertEquals(
        message,
        assertThrows(
                IllegalArgumentException.class, () -> Holdout.of(1, fraction, new int[] {size}))
            .getMessage());
  }
}
