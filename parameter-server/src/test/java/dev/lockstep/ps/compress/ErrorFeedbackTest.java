package dev.lockstep.ps.compress;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.compress.Ranges.Range;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ErrorFeedbackTest {

  /** With a hole, where statistics are. */
  private static final Ranges RANGES = new Ranges(List.of(new Range(3, 700), new Range(900, 2000)));

  private static final int PARAMETERS = 2000;

  @Test
  void topKSendsWhatASortWouldChoose() {
    Random random = new Random(1);
    for (double ratio : new double[] {0.0001, 0.01, 0.1, 0.5, 1}) {
      for (int distinct : new int[] {2, 50, 1 << 20}) {
        float[] gradient = gradient(random, distinct);
        ErrorFeedback feedback = new ErrorFeedback(new Sparsifier.TopK(ratio), RANGES, PARAMETERS);
        int k = (int) Math.ceil(ratio * RANGES.elements());
        List<Integer> expected =
            elements()
                .filter(i -> gradient[i] != 0)
                .boxed()
                .sorted(
                    Comparator.<Integer>comparingDouble(i -> -Math.abs(gradient[i]))
                        .thenComparing(i -> i))
                .limit(k)
                .sorted()
                .toList();
        float[] sent = gradient.clone();
        assertEquals(
            expected.size(), feedback.compress(sent, new int[PARAMETERS]), "ratio " + ratio);
        assertEquals(expected, elements().filter(i -> sent[i] != 0).boxed().toList());
        expected.forEach(i -> assertEquals(gradient[i], sent[i]));
      }
    }
  }

  @Test
  void equalMagnitudesGoOutInTheirOrder() {
    ErrorFeedback feedback =
        new ErrorFeedback(
            new Sparsifier.TopK(0.5), new Ranges(List.of(new Range(0, 6))), new float[6]);
    float[] first = {1, -1, 1, 0, 2, -1};
    assertEquals(3, feedback.compress(first, new int[6]));
    assertArrayEquals(new float[] {1, -1, 0, 0, 2, 0}, first);
    float[] second = new float[6];
    assertEquals(2, feedback.compress(second, new int[6]));
    assertArrayEquals(new float[] {0, 0, 1, 0, 0, -1}, second);
  }

  @Test
  void thresholdSendsWhatReachesIt() {
    ErrorFeedback feedback =
        new ErrorFeedback(
            new Sparsifier.Threshold(0.5f), new Ranges(List.of(new Range(0, 4))), new float[4]);
    float[] first = {0.5f, -0.49f, 0.25f, -3};
    assertEquals(2, feedback.compress(first, new int[4]));
    assertArrayEquals(new float[] {0.5f, 0, 0, -3}, first);
    assertArrayEquals(new float[] {0, -0.49f, 0.25f, 0}, feedback.residual());
    float[] second = {0, -0.01f, 0.25f, 0.1f};
    assertEquals(2, feedback.compress(second, new int[4]));
    assertArrayEquals(new float[] {0, -0.5f, 0.5f, 0}, second);
  }

  @Test
  void nothingIsLostWhereFloatsAddExactly() {
    for (Sparsifier sparsifier : List.of(new Sparsifier.TopK(0.01), new Sparsifier.Threshold(40))) {
      Random random = new Random(2);
      ErrorFeedback feedback = new ErrorFeedback(sparsifier, RANGES, PARAMETERS);
      double[] given = new double[PARAMETERS];
      double[] sent = new double[PARAMETERS];
      for (int step = 0; step < 50; step++) {
        // Small whole numbers: sums of them are exact in float32.
        float[] gradient = gradient(random, 64);
        add(given, gradient);
        feedback.compress(gradient, new int[PARAMETERS]);
        add(sent, gradient);
      }
      add(sent, feedback.residual());
      assertArrayEquals(given, sent);
    }
  }

  @Test
  void whatRoundingLosesIsBoundedByTheSpacingOfFloats() {
    Random random = new Random(3);
    ErrorFeedback feedback = new ErrorFeedback(new Sparsifier.TopK(0.01), RANGES, PARAMETERS);
    double[] given = new double[PARAMETERS];
    double[] sent = new double[PARAMETERS];
    double largest = 0;
    int steps = 200;
    for (int step = 0; step < steps; step++) {
      float[] gradient = new float[PARAMETERS];
      for (int i = 0; i < PARAMETERS; i++) {
        gradient[i] = (float) random.nextGaussian();
      }
      add(given, gradient);
      feedback.compress(gradient, new int[PARAMETERS]);
      add(sent, gradient);
      for (float value : gradient) {
        largest = Math.max(largest, Math.abs(value));
      }
    }
    add(sent, feedback.residual());
    double bound = steps * Math.ulp((float) (2 * largest)) / 2;
    for (int i = 0; i < PARAMETERS; i++) {
      assertEquals(given[i], sent[i], bound);
    }
  }

  @Test
  void statisticsAreSentAsTheyAre() {
    Random random = new Random(4);
    ErrorFeedback feedback = new ErrorFeedback(new Sparsifier.TopK(0.01), RANGES, PARAMETERS);
    float[] gradient = gradient(random, 50);
    float[] sent = gradient.clone();
    feedback.compress(sent, new int[PARAMETERS]);
    for (int i = 0; i < PARAMETERS; i++) {
      if (i < 3 || (i >= 700 && i < 900)) {
        assertEquals(gradient[i], sent[i]);
        assertEquals(0, feedback.residual()[i]);
      }
    }
  }

  @Test
  void denseAdditionAndSkippingZerosGiveTheSameBits() {
    int leaves = 7;
    Random random = new Random(5);
    PairwiseTree tree = new PairwiseTree(leaves);
    for (int round = 0; round < 20; round++) {
      TreeReduction<float[]> dense = TreeReduction.ofVectors(tree);
      TreeReduction<Map<Integer, Float>> sparse =
          new TreeReduction<>(tree, ErrorFeedbackTest::merge);
      for (int v = 0; v < leaves; v++) {
        ErrorFeedback feedback = new ErrorFeedback(new Sparsifier.TopK(0.2), RANGES, PARAMETERS);
        // Few values, many of them negative zeros and opposites, which cancel to zero.
        float[] sent = gradient(random, 3);
        feedback.compress(sent, new int[PARAMETERS]);
        Map<Integer, Float> entries = new TreeMap<>();
        elements().filter(i -> sent[i] != 0).forEach(i -> entries.put(i, sent[i]));
        dense.add(new TreeNode(0, v), sent);
        sparse.add(new TreeNode(0, v), entries);
      }
      float[] sum = dense.result();
      elements()
          .forEach(
              i ->
                  assertEquals(
                      Float.floatToRawIntBits(sparse.result().getOrDefault(i, 0f)),
                      Float.floatToRawIntBits(sum[i])));
    }
  }

  @Test
  void aSentZeroIsNeverNegative() {
    ErrorFeedback feedback =
        new ErrorFeedback(
            new Sparsifier.TopK(1), new Ranges(List.of(new Range(0, 3))), new float[3]);
    float[] gradient = {-0f, 0, 5};
    feedback.residual()[0] = -0f;
    assertEquals(1, feedback.compress(gradient, new int[3]));
    assertEquals(0, Float.floatToRawIntBits(gradient[0]));
  }

  @Test
  void aGradientThatIsNotFiniteLeavesTheResidualAlone() {
    ErrorFeedback feedback =
        new ErrorFeedback(
            new Sparsifier.Threshold(2), new Ranges(List.of(new Range(0, 2))), new float[2]);
    feedback.compress(new float[] {1, 3}, new int[2]);
    for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      float[] gradient = {5, bad};
      assertEquals(2, feedback.compress(gradient, new int[2]));
      assertArrayEquals(new float[] {5, bad}, gradient);
      assertArrayEquals(new float[] {1, 0}, feedback.residual());
    }
  }

  @Test
  void aResidualContinuesWhereItStopped() {
    Random random = new Random(6);
    ErrorFeedback whole = new ErrorFeedback(new Sparsifier.TopK(0.05), RANGES, PARAMETERS);
    ErrorFeedback part = whole;
    for (int step = 0; step < 10; step++) {
      float[] gradient = gradient(random, 1 << 20);
      float[] copy = gradient.clone();
      whole.compress(gradient, new int[PARAMETERS]);
      if (part != whole) {
        part.compress(copy, new int[PARAMETERS]);
        assertArrayEquals(gradient, copy);
      }
      if (step == 4) {
        part = new ErrorFeedback(new Sparsifier.TopK(0.05), RANGES, whole.residual().clone());
      }
    }
  }

  @Test
  void valuesThatMakeNoSenseAreRefused() {
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> new Sparsifier.TopK(0))
            .getMessage()
            .startsWith("ratio=0.0 is not in (0, 1]"));
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> new Sparsifier.Threshold(Float.NaN))
            .getMessage()
            .startsWith("threshold=NaN is not a finite number > 0"));
    assertEquals(
        "ranges end at 2000 > parameters=5: they are of another model",
        assertThrows(
                IllegalArgumentException.class,
                () -> new ErrorFeedback(new Sparsifier.TopK(0.1), RANGES, 5))
            .getMessage());
    ErrorFeedback feedback = new ErrorFeedback(new Sparsifier.TopK(0.1), RANGES, PARAMETERS);
    assertEquals(
        "gradient: length=3 != parameters=2000",
        assertThrows(
                IllegalArgumentException.class,
                () -> feedback.compress(new float[3], new int[PARAMETERS]))
            .getMessage());
    assertEquals(
        "range [4, 9) is empty or begins before 5, where the one before it ends",
        assertThrows(
                IllegalArgumentException.class,
                () -> new Ranges(List.of(new Range(0, 5), new Range(4, 9))))
            .getMessage());
  }

  private static Map<Integer, Float> merge(Map<Integer, Float> left, Map<Integer, Float> right) {
    right.forEach((i, value) -> left.merge(i, value, Float::sum));
    return left;
  }

  private static IntStream elements() {
    return RANGES.ranges().stream().flatMapToInt(r -> IntStream.range(r.from(), r.to()));
  }

  /** Whole numbers in (-distinct, distinct), zeros of both signs among them. */
  private static float[] gradient(Random random, int distinct) {
    float[] gradient = new float[PARAMETERS];
    for (int i = 0; i < PARAMETERS; i++) {
      gradient[i] = random.nextInt(distinct) * (random.nextBoolean() ? 1f : -1f);
    }
    return gradient;
  }

  private static void add(double[] sum, float[] vector) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += vector[i];
    }
  }
}
