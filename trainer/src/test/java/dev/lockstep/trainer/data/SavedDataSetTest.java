package dev.lockstep.trainer.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.model.replica.Fixtures;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Files that DL4J itself has written, and such as it would never write. */
class SavedDataSetTest {

  @TempDir private Path folder;

  @Test
  void whatDataSetSavesIsReadWithItsMasks() {
    INDArray features = Nd4j.arange(24).castTo(DataType.FLOAT).reshape(2, 3, 4);
    INDArray labels = Nd4j.createFromArray(new float[][] {{0, 1}, {1, 0}}).dup('f');
    DataSet data = new DataSet(features, labels, Nd4j.ones(2, 4), Nd4j.zeros(2, 1));
    MultiDataSet read = SavedDataSet.read(saved(data));
    assertEquals(features, read.getFeatures(0));
    assertEquals(labels, read.getLabels(0));
    assertEquals(data.getFeaturesMaskArray(), read.getFeaturesMaskArray(0));
    assertEquals(data.getLabelsMaskArray(), read.getLabelsMaskArray(0));
  }

  @Test
  void labelsMayBeTheFeaturesAndMasksAbsent() {
    INDArray features = Nd4j.rand(3, 2);
    MultiDataSet read = SavedDataSet.read(saved(new DataSet(features, features)));
    assertEquals(features, read.getLabels(0));
    assertNull(read.getFeaturesMaskArrays());
    assertNull(read.getLabelsMaskArrays());
  }

  @Test
  void whatMultiDataSetSavesIsReadWithTheMasksThatItHas() throws IOException {
    MultiDataSet data =
        new MultiDataSet(
            new INDArray[] {Nd4j.rand(2, 3), Nd4j.rand(2, 1, 5)},
            new INDArray[] {Nd4j.rand(2, 2), Nd4j.rand(2, 4)},
            new INDArray[] {null, Nd4j.ones(2, 5)},
            null);
    File file = folder.resolve("multi.bin").toFile();
    data.save(file);
    assertEquals(data, SavedDataSet.read(Files.readAllBytes(file.toPath())));
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT", "DOUBLE", "LONG", "INT", "SHORT", "BYTE", "UBYTE", "BOOL"})
  void otherTypesBecomeFloat(DataType type) {
    INDArray features = Nd4j.createFromArray(new float[][] {{1, 0, 1}}).castTo(type);
    MultiDataSet read = SavedDataSet.read(saved(new DataSet(features, Nd4j.ones(1, 1))));
    assertArrayEquals(new float[] {1, 0, 1}, Fixtures.floats(read.getFeatures(0)));
  }

  @Test
  void viewsAreReadByTheirShapeWhateverTheirStrides() {
    INDArray view = Nd4j.arange(12).castTo(DataType.FLOAT).reshape(3, 4).transpose();
    MultiDataSet read = SavedDataSet.read(saved(new DataSet(view, Nd4j.ones(4, 1))));
    assertEquals(view, read.getFeatures(0));
  }

  @Test
  void objectsThatAFileBringsAreNotDeserialized() {
    DataSet data = new DataSet(Nd4j.ones(1, 2), Nd4j.ones(1, 1));
    data.setExampleMetaData(List.of(new Trap()));
    data.setLabelNames(List.of("a"));
    byte[] file = saved(data);
    System.clearProperty(Trap.SPRUNG);
    assertEquals(data.getFeatures(), SavedDataSet.read(file).getFeatures(0));
    assertFalse(Boolean.getBoolean(Trap.SPRUNG), "an object of the file has run code");
    // The trap works: DL4J's own reader springs it.
    new DataSet().load(new java.io.ByteArrayInputStream(file));
    assertTrue(Boolean.getBoolean(Trap.SPRUNG));
    System.clearProperty(Trap.SPRUNG);
  }

  /** Runs code when it is deserialized. */
  private static final class Trap implements Serializable {
    static final String SPRUNG = "dev.lockstep.test.sprung";
    private static final long serialVersionUID = 1;

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      System.setProperty(SPRUNG, "true");
    }
  }

  @Test
  void cutFilesAreRefusedWhereverTheyAreCut() {
    byte[] file = saved(new DataSet(Nd4j.rand(2, 3), Nd4j.rand(2, 1)));
    for (int length = 0; length < file.length; length++) {
      byte[] cut = Arrays.copyOf(file, length);
      String message =
          assertThrows(IllegalArgumentException.class, () -> SavedDataSet.read(cut)).getMessage();
      assertEquals(
          "it ends after " + length + " bytes, inside an array: save the data set again", message);
    }
  }

  @Test
  void claimsThatTheBytesDoNotKeepAreRefused() {
    byte[] file = saved(new DataSet(Nd4j.rand(2, 3), Nd4j.rand(2, 1)));
    assertRefused("flags=72", new byte[] {72});
    assertRefused("allocation mode MIXED_DATA_TYPEZ", replaced(file, "TYPES", "TYPEZ"));
    assertRefused("shape information has type", replaced(file, "LONG", "LANG"));
    assertRefused("has type FLOOT, not one of [FLOAT, DOUBLE,", replaced(file, "FLOAT", "FLOOT"));
    // Rank, 2, 3: the first int64 after the header of 18 + 8 + 6 bytes and the flags.
    int shape = 1 + 18 + Long.BYTES + 6;
    assertRefused("rank 7 has shape information of 8", with(file, shape, 7));
    assertRefused("shape [4, 3] and strides [3, 1] has 6", with(file, shape + 8, 4));
    assertRefused("strides [90, 1] has 6 values", with(file, shape + 24, 90));
    assertRefused("strides [-3, 1] has 6 values", with(file, shape + 24, -3));
    assertRefused("of length 1000000", with(file, 1 + 18, 1_000_000));
    assertRefused("claims 16777215 features", ByteBuffer.allocate(16).putInt(0xffffff).array());
  }

  private static void assertRefused(String part, byte[] file) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> SavedDataSet.read(file)).getMessage();
    assertTrue(
        message.startsWith("it is no saved DL4J data set: ") && message.contains(part), message);
  }

  private static byte[] with(byte[] file, int at, long value) {
    byte[] changed = file.clone();
    ByteBuffer.wrap(changed).putLong(at, value);
    return changed;
  }

  /** The first place replaced; texts of one length. */
  private static byte[] replaced(byte[] file, String old, String other) {
    String text = new String(file, java.nio.charset.StandardCharsets.ISO_8859_1);
    return text.replaceFirst(old, other).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
  }

  private static byte[] saved(DataSet data) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    data.save(bytes);
    return bytes.toByteArray();
  }
}
