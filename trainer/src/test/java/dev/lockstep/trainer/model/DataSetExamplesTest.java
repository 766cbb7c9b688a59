package dev.lockstep.trainer.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

class DataSetExamplesTest {
  private static final float[][] ONE_HOT = {{0, 0, 1}, {1, 0, 0}};
  private static final float[][] NUMBERS = {{0, 0, 1}, {1, 0.5f, 0}};
  private static final TensorSpec CLASSES =
      new TensorSpec("labels", Role.LABELS, Encoding.CLASS_INDEX, List.of(3));
  private static final TensorSpec NUMERIC =
      new TensorSpec("labels", Role.LABELS, Encoding.FLOAT32, List.of(3));

  @Test
  void oneHotRowsAreClasses() {
    DataSet data = new DataSet(features(2), Nd4j.createFromArray(ONE_HOT));
    List<TensorSpec> tensors = DataSetExamples.tensors(data, LabelEncoding.DETECT);
    assertEquals(
        List.of(
            new TensorSpec("features", Role.FEATURES, Encoding.FLOAT32, List.of(2, 2)), CLASSES),
        tensors);
    List<Example> examples = DataSetExamples.examples(data, tensors);
    examples.forEach(example -> example.check(tensors));
    assertArrayEquals(new float[] {0, 1, 2, 3}, examples.get(0).values().get(0));
    assertArrayEquals(new float[] {2}, examples.get(0).values().get(1));
    assertArrayEquals(new float[] {4, 5, 6, 7}, examples.get(1).values().get(0));
    assertArrayEquals(new float[] {0}, examples.get(1).values().get(1));
  }

  @Test
  void columnMajorArraysAreReadByRow() {
    DataSet data = new DataSet(features(2).dup('f'), Nd4j.createFromArray(ONE_HOT).dup('f'));
    List<Example> examples =
        DataSetExamples.examples(data, DataSetExamples.tensors(data, LabelEncoding.DETECT));
    assertArrayEquals(new float[] {0, 1, 2, 3}, examples.get(0).values().get(0));
    assertArrayEquals(new float[] {2}, examples.get(0).values().get(1));
  }

  @Test
  void otherLabelsAreNumbers() {
    assertEquals(NUMERIC, labels(Nd4j.createFromArray(NUMBERS), LabelEncoding.DETECT));
    assertEquals(
        Encoding.FLOAT32,
        labels(Nd4j.createFromArray(new float[][] {{1}, {1}}), LabelEncoding.DETECT).encoding());
    assertEquals(
        List.of(3, 1),
        labels(Nd4j.createFromArray(ONE_HOT).reshape(2, 3, 1), LabelEncoding.DETECT).shape());
    assertEquals(NUMERIC, labels(Nd4j.createFromArray(ONE_HOT), LabelEncoding.NUMBERS));
    assertEquals(CLASSES, labels(Nd4j.createFromArray(ONE_HOT), LabelEncoding.CLASSES));
  }

  @Test
  void masksGoAlongAndMakeLabelsNumbers() {
    INDArray mask = Nd4j.createFromArray(new float[][] {{1, 0}, {1, 1}});
    DataSet data = new DataSet(features(2), Nd4j.createFromArray(ONE_HOT), mask, Nd4j.ones(2, 1));
    List<TensorSpec> tensors = DataSetExamples.tensors(data, LabelEncoding.DETECT);
    assertEquals(
        List.of(
            new TensorSpec("features", Role.FEATURES, Encoding.FLOAT32, List.of(2, 2)),
            NUMERIC,
            new TensorSpec("features_mask", Role.FEATURES_MASK, Encoding.FLOAT32, List.of(2)),
            new TensorSpec("labels_mask", Role.LABELS_MASK, Encoding.FLOAT32, List.of(1))),
        tensors);
    Example first = DataSetExamples.examples(data, tensors).get(0);
    assertArrayEquals(ONE_HOT[0], first.values().get(1));
    assertArrayEquals(new float[] {1, 0}, first.values().get(2));
    assertEquals(CLASSES, DataSetExamples.tensors(data, LabelEncoding.CLASSES).get(1));
  }

  @ParameterizedTest
  @EnumSource(value = LabelEncoding.class, names = "NUMBERS", mode = EnumSource.Mode.EXCLUDE)
  void aLaterRowThatIsNotOneHotIsRefused(LabelEncoding encoding) {
    DataSet first = new DataSet(features(2), Nd4j.createFromArray(ONE_HOT));
    List<TensorSpec> tensors = DataSetExamples.tensors(first, encoding);
    assertRefused(
        new DataSet(features(2), Nd4j.createFromArray(NUMBERS)),
        tensors,
        "DataSet labels row 1=[1.0, 0.5, 0.0] is not one-hot, but the labels are 3 classes: make it"
            + " one 1 and else 0, or shard with LabelEncoding.NUMBERS");
    assertRefused(
        new DataSet(features(1), Nd4j.zeros(1, 3)),
        tensors,
        "DataSet labels row 0=[0.0, 0.0, 0.0] is not one-hot, but the labels are 3 classes: make it"
            + " one 1 and else 0, or shard with LabelEncoding.NUMBERS");
  }

  @Test
  void classesOfAnotherShapeAreRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> labels(Nd4j.ones(2, 1), LabelEncoding.CLASSES));
    assertEquals(
        "labels shape=[2, 1] are no classes: give labels [examples, classes >= 2], or shard with"
            + " LabelEncoding.NUMBERS",
        refused.getMessage());
  }

  @Test
  void otherShapesAndMasksThanTheFirstOnesAreRefused() {
    INDArray labels = Nd4j.createFromArray(ONE_HOT);
    INDArray mask = Nd4j.ones(2, 2);
    List<TensorSpec> plain =
        DataSetExamples.tensors(new DataSet(features(2), labels), LabelEncoding.DETECT);
    List<TensorSpec> masked =
        DataSetExamples.tensors(new DataSet(features(2), labels, mask, null), LabelEncoding.DETECT);
    assertRefused(
        new DataSet(features(2).reshape(2, 4), labels),
        plain,
        "DataSet features shape=[2, 4] where the first one has [2, 2] for each of 2 examples: give"
            + " all DataSets the same shapes and masks");
    assertRefused(
        new DataSet(features(2), labels),
        masked,
        "DataSet features_mask is missing where the first one has [2] for each of 2 examples: give"
            + " all DataSets the same shapes and masks");
    assertRefused(
        new DataSet(features(2), labels, mask, null),
        plain,
        "DataSet has a features_mask where the first one has none: give all DataSets the same"
            + " shapes and masks");
  }

  private static void assertRefused(DataSet data, List<TensorSpec> tensors, String message) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> DataSetExamples.examples(data, tensors));
    assertEquals(message, refused.getMessage());
  }

  private static TensorSpec labels(INDArray labels, LabelEncoding encoding) {
    return DataSetExamples.tensors(new DataSet(features((int) labels.size(0)), labels), encoding)
        .get(1);
  }

  private static INDArray features(int examples) {
    return Nd4j.arange(4 * examples)
        .castTo(Nd4j.defaultFloatingPointType())
        .reshape(examples, 2, 2);
  }
}
