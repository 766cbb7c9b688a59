package dev.lockstep.trainer.score;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.trainer.loop.GradientSource.ExampleSums;
import dev.lockstep.trainer.model.replica.Fixtures;
import dev.lockstep.trainer.score.Evaluator.Detail;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class EvaluatorTest {
  private static final TensorSpec TARGETS = Fixtures.targets(2);

  @Test
  void totalsOfThousandsOfClassesAreAFewNumbers() {
    EvaluationSums sums = threeOfFourRight(2000, Detail.TOTALS);
    assertEquals(4, sums.rows());
    assertEquals(2000, sums.classes());
    assertTrue(sums.isClassification());
    assertEquals(0.75, sums.accuracy());
    assertEquals(0, sums.confusion().length);
    assertEquals(2, sums.meanLoss());
  }

  @Test
  void confusionIsCountedUpToAThousandClasses() {
    EvaluationSums most = threeOfFourRight(1000, Detail.DETAILED);
    assertEquals(1_000_000, most.confusion().length);
    assertEquals(1, most.confusion()[2 * 1000 + 2]);
    assertEquals(1, most.confusion()[3 * 1000]);
    EvaluationSums more = threeOfFourRight(1001, Detail.DETAILED);
    assertEquals(0, more.confusion().length);
    assertEquals(0.75, more.accuracy());
  }

  /** Classes 0 to 3, of which 3 is taken for 0; in two micro-batches. */
  private static EvaluationSums threeOfFourRight(int classes, Detail detail) {
    Evaluator tally = new Evaluator(detail);
    for (int first : List.of(0, 2)) {
      float[] wanted = new float[2 * classes];
      float[] predicted = new float[2 * classes];
      for (int row = 0; row < 2; row++) {
        wanted[row * classes + first + row] = 1;
        predicted[row * classes + (first + row) % 3] = 0.9f;
      }
      tally.add(
          new MicroBatch(2, List.of(Fixtures.classes(classes)), List.of(wanted)),
          List.of(predicted),
          new ExampleSums(2, 4));
    }
    return tally.sums().get(0);
  }

  @Test
  void rowsOfExamplesThatAMaskLeavesOutDoNotCount() {
    List<TensorSpec> tensors =
        List.of(
            Fixtures.classes(2),
            new TensorSpec("mask", Role.LABELS_MASK, Encoding.FLOAT32, List.of(1)));
    Evaluator tally = new Evaluator(Detail.DETAILED);
    tally.add(
        new MicroBatch(2, tensors, List.of(new float[] {1, 0, 1, 0}, new float[] {1, 0})),
        List.of(new float[] {0.9f, 0.1f, 0.1f, 0.9f}),
        new ExampleSums(2, 1));
    EvaluationSums sums = tally.sums().get(0);
    assertEquals(2, sums.examples());
    assertEquals(1, sums.rows());
    assertArrayEquals(new long[] {1, 0, 0, 0}, sums.confusion());
  }

  @Test
  void stepsAndOutputsThatAMaskLeavesOutDoNotCount() {
    EvaluationSums steps =
        masked(Fixtures.targets(1, 3), List.of(3), new float[] {1, 1, 0, 1, 0, 0}, 9);
    assertEquals(3, steps.rows());
    assertEquals(3 * 81, steps.columns().get(0).squaredError());
    EvaluationSums outputs =
        masked(Fixtures.targets(3), List.of(3), new float[] {0, 0, 0, 1, 0, 1}, 9);
    assertEquals(1, outputs.rows());
    assertEquals(
        List.of(81.0, 0.0, 81.0),
        outputs.columns().stream().map(EvaluationSums.Column::squaredError).toList());
  }

  /** Two examples of three values each, all off by the same. */
  private static EvaluationSums masked(
      TensorSpec labels, List<Integer> shape, float[] mask, float error) {
    List<TensorSpec> tensors =
        List.of(labels, new TensorSpec("mask", Role.LABELS_MASK, Encoding.FLOAT32, shape));
    float[] predicted = new float[6];
    Arrays.fill(predicted, error);
    Evaluator tally = new Evaluator(Detail.DETAILED);
    tally.add(
        new MicroBatch(2, tensors, List.of(new float[6], mask)),
        List.of(predicted),
        new ExampleSums(2, 1));
    return tally.sums().get(0);
  }

  @Test
  void columnsOfNumbersAreKeptIfAskedFor() {
    EvaluationSums detailed = numbers(Detail.DETAILED);
    assertEquals(
        List.of(new EvaluationSums.Column(1, 1, 4, 10), new EvaluationSums.Column(4, 2, 6, 20)),
        detailed.columns());
    EvaluationSums totals = numbers(Detail.TOTALS);
    assertEquals(List.of(), totals.columns());
    assertEquals(2, totals.rows());
    assertEquals(detailed.meanLoss(), totals.meanLoss());
    assertTrue(Double.isNaN(totals.meanSquaredError()));
  }

  private static EvaluationSums numbers(Detail detail) {
    Evaluator tally = new Evaluator(detail);
    tally.add(
        new MicroBatch(2, List.of(TARGETS), List.of(new float[] {1, 2, 3, 4})),
        List.of(new float[] {1, 2, 4, 6}),
        new ExampleSums(2, 3));
    return tally.sums().get(0);
  }

  @Test
  void nothingAddedIsNoSums() {
    assertNull(new Evaluator(Detail.TOTALS).sums());
  }

  @Test
  void sumsOfDifferentOutputsAreNotAdded() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> threeOfFourRight(5, Detail.TOTALS).plus(threeOfFourRight(6, Detail.TOTALS)));
    assertEquals(
        "sums of different outputs: classes 5 and 6, confusion 0 and 0, columns 0 and 0",
        refused.getMessage());
    IllegalArgumentException length =
        assertThrows(
            IllegalArgumentException.class,
            () -> new EvaluationSums(1, 0, 1, 3, 0, new long[4], List.of()));
    assertEquals("confusion length=4 != classes²=9", length.getMessage());
  }
}
