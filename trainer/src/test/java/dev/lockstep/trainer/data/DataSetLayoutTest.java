package dev.lockstep.trainer.data;

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
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

class DataSetLayoutTest {
  private static final float[][] ONE_HOT = {{0, 0, 1}, {1, 0, 0}};
  private static final float[][] NUMBERS = {{0, 0, 1}, {1, 0.5f, 0}};
  private static final TensorSpec CLASSES =
      new TensorSpec("labels", Role.LABELS, Encoding.CLASS_INDEX, List.of(3));
  private static final TensorSpec NUMERIC =
      new TensorSpec("labels", Role.LABELS, Encoding.FLOAT32, List.of(3));

  @Test
  void oneHotRowsAreClasses() {
    DataSet data = new DataSet(features(2), Nd4j.createFromArray(ONE_HOT));
    DataSetLayout layout = layout(data, LabelEncoding.DETECT);
    List<TensorSpec> tensors = layout.tensors();
    assertEquals(
        List.of(
            new TensorSpec("features", Role.FEATURES, Encoding.FLOAT32, List.of(2, 2)), CLASSES),
        tensors);
    List<Example> examples = layout.examples(data.toMultiDataSet());
    examples.forEach(example -> example.check(tensors));
    assertArrayEquals(new float[] {0, 1, 2, 3}, examples.get(0).values().get(0));
    assertArrayEquals(new float[] {2}, examples.get(0).values().get(1));
    assertArrayEquals(new float[] {4, 5, 6, 7}, examples.get(1).values().get(0));
    assertArrayEquals(new float[] {0}, examples.get(1).values().get(1));
  }

  @Test
  void columnMajorArraysAreReadByRow() {
    DataSet data = new DataSet(features(2).dup('f'), Nd4j.createFromArray(ONE_HOT).dup('f'));
    List<Example> examples = layout(data, LabelEncoding.DETECT).examples(data.toMultiDataSet());
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
    DataSetLayout layout = layout(data, LabelEncoding.DETECT);
    List<TensorSpec> tensors = layout.tensors();
    assertEquals(
        List.of(
            new TensorSpec("features", Role.FEATURES, Encoding.FLOAT32, List.of(2, 2)),
            NUMERIC,
            new TensorSpec("features_mask", Role.FEATURES_MASK, Encoding.FLOAT32, List.of(2)),
            new TensorSpec("labels_mask", Role.LABELS_MASK, Encoding.FLOAT32, List.of(1))),
        tensors);
    Example first = layout.examples(data.toMultiDataSet()).get(0);
    assertArrayEquals(ONE_HOT[0], first.values().get(1));
    assertArrayEquals(new float[] {1, 0}, first.values().get(2));
    assertEquals(CLASSES, layout(data, LabelEncoding.CLASSES).tensors().get(1));
  }

  @ParameterizedTest
  @EnumSource(value = LabelEncoding.class, names = "NUMBERS", mode = EnumSource.Mode.EXCLUDE)
  void aLaterRowThatIsNotOneHotIsRefused(LabelEncoding encoding) {
    DataSet first = new DataSet(features(2), Nd4j.createFromArray(ONE_HOT));
    DataSetLayout tensors = layout(first, encoding);
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
    DataSetLayout plain = layout(new DataSet(features(2), labels), LabelEncoding.DETECT);
    DataSetLayout masked =
        layout(new DataSet(features(2), labels, null, mask), LabelEncoding.DETECT);
    assertRefused(
        new DataSet(features(2).reshape(2, 4), labels),
        plain,
        "DataSet features shape=[2, 4] where the first one has [2, 2] for each of 2 examples: give"
            + " all DataSets the same shapes and masks");
    assertRefused(
        new DataSet(features(2), labels),
        masked,
        "DataSet labels_mask is missing where the first one has [2] for each of 2 examples: give"
            + " all DataSets the same shapes and masks");
    assertRefused(
        new DataSet(features(2), labels, null, mask),
        plain,
        "DataSet has a labels_mask where the first one has none: give all DataSets the same"
            + " shapes and masks");
    MultiDataSet two =
        new MultiDataSet(new INDArray[] {features(2), features(2)}, new INDArray[] {labels});
    assertEquals(
        "DataSet has 2 features arrays where the first one has 1: give all DataSets the same arrays",
        assertThrows(IllegalArgumentException.class, () -> plain.examples(two)).getMessage());
    assertEquals(
        "DataSet has no labels: give each data set features and labels",
        assertThrows(
                IllegalArgumentException.class,
                () -> layout(new DataSet(features(2), null), LabelEncoding.DETECT))
            .getMessage());
  }

  @Test
  void masksOfAnythingButZeroAndOneAreRefused() {
    DataSet data =
        new DataSet(
            features(2),
            Nd4j.createFromArray(ONE_HOT),
            null,
            Nd4j.createFromArray(new float[][] {{1}, {0.5f}}));
    assertRefused(
        data,
        layout(data, LabelEncoding.DETECT),
        "DataSet labels_mask row 1 has 0.5: masks are 0 or 1; give weights of examples with"
            + " DataSets.ofWeighted");
  }

  @Test
  void shorterSequencesArePaddedAtTheirEndAndMasked() {
    MultiDataSet two = sequences(2, 3, null);
    MultiDataSet five = sequences(1, 5, Nd4j.createFromArray(new float[][] {{0, 1, 1, 1, 1}}));
    DataSetLayout layout =
        DataSetLayout.of(two, LabelEncoding.DETECT).stretchedTo(two).stretchedTo(five);
    assertEquals(
        List.of(
            new TensorSpec("features_0", Role.FEATURES, Encoding.FLOAT32, List.of(2, 5)),
            new TensorSpec("features_1", Role.FEATURES, Encoding.FLOAT32, List.of(2)),
            new TensorSpec("labels", Role.LABELS, Encoding.FLOAT32, List.of(1, 5)),
            new TensorSpec("features_0_mask", Role.FEATURES_MASK, Encoding.FLOAT32, List.of(5)),
            new TensorSpec("labels_mask", Role.LABELS_MASK, Encoding.FLOAT32, List.of(5))),
        layout.tensors());
    List<float[]> second = layout.examples(two).get(1).values();
    assertArrayEquals(new float[] {6, 7, 8, 0, 0, 9, 10, 11, 0, 0}, second.get(0));
    assertArrayEquals(new float[] {3, 4}, second.get(1));
    assertArrayEquals(new float[] {4, 5, 6, 0, 0}, second.get(2));
    assertArrayEquals(new float[] {1, 1, 1, 0, 0}, second.get(3));
    assertArrayEquals(new float[] {1, 1, 1, 0, 0}, second.get(4));
    List<float[]> longest = layout.examples(five).get(0).values();
    assertArrayEquals(new float[] {0, 1, 1, 1, 1}, longest.get(3));
    assertArrayEquals(new float[] {1, 1, 1, 1, 1}, longest.get(4));
    layout.examples(five).forEach(example -> example.check(layout.tensors()));
    assertEquals(
        "DataSet features_0 shape=[3, 3] mask=[] per example, where the first one has [2, 3] and []:"
            + " give all DataSets the same shapes and masks, but for the length of sequences",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    DataSetLayout.of(two, LabelEncoding.DETECT)
                        .stretchedTo(
                            new MultiDataSet(
                                new INDArray[] {Nd4j.ones(1, 3, 3), Nd4j.ones(1, 2)},
                                new INDArray[] {Nd4j.ones(1, 1, 3)})))
            .getMessage());
  }

  @Test
  void sequencesOfOneLengthNeedNoMasks() {
    MultiDataSet data = sequences(2, 3, null);
    DataSetLayout layout = DataSetLayout.of(data, LabelEncoding.DETECT).stretchedTo(data);
    assertEquals(3, layout.tensors().size());
  }

  /** A sequence and a row for each example, labels for each step; values count up. */
  private static MultiDataSet sequences(int examples, int time, INDArray featuresMask) {
    INDArray sequence = Nd4j.arange(2.0 * examples * time).castTo(DataType.FLOAT);
    INDArray row = Nd4j.arange(1.0, 2.0 * examples + 1).castTo(DataType.FLOAT);
    INDArray labels = Nd4j.arange(1.0, examples * time + 1.0).castTo(DataType.FLOAT);
    return new MultiDataSet(
        new INDArray[] {sequence.reshape(examples, 2, time), row.reshape(examples, 2)},
        new INDArray[] {labels.reshape(examples, 1, time)},
        featuresMask == null ? null : new INDArray[] {featuresMask, null},
        null);
  }

  private static DataSetLayout layout(DataSet data, LabelEncoding encoding) {
    return DataSetLayout.of(data.toMultiDataSet(), encoding);
  }

  private static void assertRefused(DataSet data, DataSetLayout layout, String message) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> layout.examples(data.toMultiDataSet()));
    assertEquals(message, refused.getMessage());
  }

  private static TensorSpec labels(INDArray labels, LabelEncoding encoding) {
    return layout(new DataSet(features((int) labels.size(0)), labels), encoding).tensors().get(1);
  }

  private static INDArray features(int examples) {
    return Nd4j.arange(4 * examples)
        .castTo(Nd4j.defaultFloatingPointType())
        .reshape(examples, 2, 2);
  }
}
