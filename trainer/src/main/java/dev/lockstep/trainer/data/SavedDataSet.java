package dev.lockstep.trainer.data;

import dev.lockstep.trainer.model.array.SavedArray;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;

/**
 * DL4J's files of one data set, as {@code DataSet.save} and {@code MultiDataSet.save} write them.
 * Read by this class, because DL4J's own readers deserialize whatever Java object a file brings as
 * metadata, and believe any length that it claims:
 *
 * <pre>
 *   DataSet:       byte flags                   1 features, 2 labels, 4 labels are the features,
 *                                               8 features mask, 16 labels mask, 32 and 64 objects
 *                  features, labels, features mask, labels mask: those that the flags name
 *                  Java objects: metadata, label names          (never read)
 *
 *   MultiDataSet:  int32 × 4                    how many features, labels and masks of both
 *                  the arrays, in this order; a mask that is absent is an array [-1]
 *                  int32 1, Java object: metadata               (never read)
 * </pre>
 *
 * <p>The first byte tells them apart: a DataSet has features, and no MultiDataSet has 2²⁴ arrays.
 */
public final class SavedDataSet {

  private static final int FEATURES = 1;
  private static final int LABELS = 1 << 1;
  private static final int LABELS_ARE_FEATURES = 1 << 2;
  private static final int FEATURES_MASK = 1 << 3;
  private static final int LABELS_MASK = 1 << 4;
  private static final int KNOWN = (1 << 7) - 1;

  /** More inputs or outputs than any graph has: what says so is no data set. */
  private static final int MOST_ARRAYS = 10_000;

  private SavedDataSet() {}

  /**
   * Reads a file.
   *
   * @param file its bytes
   * @throws IllegalArgumentException saying what is wrong with them
   */
  public static MultiDataSet read(byte[] file) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(file))) {
      return file.length > 0 && file[0] == 0 ? multi(in) : single(in);
    } catch (EOFException e) {
      throw new IllegalArgumentException(
          "it ends after " + file.length + " bytes, inside an array: save the data set again", e);
    } catch (IOException e) {
      throw new IllegalArgumentException("it is no saved DL4J data set: " + e.getMessage(), e);
    }
  }

  private static MultiDataSet single(DataInputStream in) throws IOException {
    int flags = in.readUnsignedByte();
    boolean bothLabels = (flags & LABELS) != 0 && (flags & LABELS_ARE_FEATURES) != 0;
    if ((flags & FEATURES) == 0 || (flags & ~KNOWN) != 0 || bothLabels) {
      throw new IOException("it begins with flags=" + flags + ", not with those of a DataSet");
    }
    INDArray features = SavedArray.read(in);
    INDArray labels = (flags & LABELS) != 0 ? SavedArray.read(in) : null;
    if ((flags & LABELS_ARE_FEATURES) != 0) {
      labels = features;
    }
    INDArray featuresMask = (flags & FEATURES_MASK) != 0 ? SavedArray.read(in) : null;
    INDArray labelsMask = (flags & LABELS_MASK) != 0 ? SavedArray.read(in) : null;
    return new MultiDataSet(
        new INDArray[] {features},
        labels == null ? null : new INDArray[] {labels},
        featuresMask == null ? null : new INDArray[] {featuresMask},
        labelsMask == null ? null : new INDArray[] {labelsMask});
  }

  private static MultiDataSet multi(DataInputStream in) throws IOException {
    int features = count(in, "features");
    int labels = count(in, "labels");
    int featuresMasks = count(in, "features mask");
    int labelsMasks = count(in, "labels mask");
    return new MultiDataSet(
        arrays(in, features),
        arrays(in, labels),
        masks(arrays(in, featuresMasks)),
        masks(arrays(in, labelsMasks)));
  }

  private static int count(DataInputStream in, String what) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > MOST_ARRAYS) {
      throw new IOException("it claims " + count + " " + what + " arrays");
    }
    return count;
  }

  private static INDArray[] arrays(DataInputStream in, int count) throws IOException {
    if (count == 0) {
      return null;
    }
    INDArray[] arrays = new INDArray[count];
    for (int i = 0; i < count; i++) {
      arrays[i] = SavedArray.read(in);
    }
    return arrays;
  }

  private static INDArray[] masks(INDArray[] masks) {
    for (int i = 0; masks != null && i < masks.length; i++) {
      if (masks[i].length() == 1 && masks[i].getFloat(0) == -1) {
        masks[i] = null;
      }
    }
    return masks;
  }
}
