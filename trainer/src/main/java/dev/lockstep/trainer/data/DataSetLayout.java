package dev.lockstep.trainer.data;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Role;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * What DL4J's data sets have in common: which arrays, of which shapes, with which masks. Their
 * arrays become the tensors {@code features} and {@code labels}, or {@code features_0}, {@code
 * features_1} … where there are several of a kind, and masks the tensors {@code features_mask} and
 * so on. Sequences (arrays of rank 3, {@code [examples, size, time]}) may have different lengths:
 * all are padded with zeros at their end, to the longest, and get masks that say so.
 *
 * <p>Immutable; made in executors and on the driver, and crosses between them.
 */
public final class DataSetLayout implements Serializable {

  private static final long serialVersionUID = 2;

  private final ArrayList<DataSetArray> arrays;

  private DataSetLayout(List<DataSetArray> arrays) {
    this.arrays = new ArrayList<>(arrays);
  }

  /**
   * The layout of one data set.
   *
   * @param labels what its labels mean, and those of the others
   * @throws IllegalArgumentException if it has no features or no labels, or labels are to be
   *     classes and are not one-hot rows
   */
  public static DataSetLayout of(MultiDataSet data, LabelEncoding labels) {
    List<DataSetArray> arrays = new ArrayList<>();
    for (Role role : List.of(Role.FEATURES, Role.LABELS)) {
      INDArray[] all = DataSetArray.all(data, role);
      if (all == null || all.length == 0) {
        throw new IllegalArgumentException(
            "DataSet has no " + name(role) + ": give each data set features and labels");
      }
      for (int i = 0; i < all.length; i++) {
        String name = all.length == 1 ? name(role) : name(role) + "_" + i;
        arrays.add(DataSetArray.of(name, role, i, data, labels));
      }
    }
    return new DataSetLayout(arrays);
  }

  private static String name(Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }

  /** Whether data sets of this layout may differ in the lengths of their sequences. */
  public boolean hasSequences() {
    return arrays.stream().anyMatch(DataSetArray::isSequence);
  }

  /**
   * The layout with sequences as long as this one's and the data set's, with masks where either has
   * some or their lengths differ.
   *
   * @throws IllegalArgumentException if they differ in anything else
   */
  public DataSetLayout stretchedTo(MultiDataSet data) {
    requireSameCounts(data);
    return new DataSetLayout(arrays.stream().map(each -> each.stretchedTo(data)).toList());
  }

  /** The same with what another part of the same data sets was stretched to. */
  public DataSetLayout stretchedTo(DataSetLayout other) {
    return new DataSetLayout(
        IntStream.range(0, arrays.size())
            .mapToObj(i -> arrays.get(i).stretchedTo(other.arrays.get(i)))
            .toList());
  }

  /** The tensors that every example has: features, labels, then the masks of each. */
  public List<TensorSpec> tensors() {
    List<TensorSpec> tensors = new ArrayList<>();
    arrays.forEach(array -> tensors.add(array.tensor()));
    arrays.stream().filter(DataSetArray::isMasked).forEach(array -> tensors.add(array.mask()));
    return tensors;
  }

  /**
   * The examples of a data set, in their order, padded.
   *
   * @throws IllegalArgumentException if they do not have this layout, or their labels should be
   *     classes and are not one-hot
   */
  public List<Example> examples(MultiDataSet data) {
    requireSameCounts(data);
    int count = Math.toIntExact(data.getFeatures(0).size(0));
    List<float[][]> columns = new ArrayList<>();
    arrays.forEach(array -> columns.add(array.rows(data, count)));
    arrays.stream()
        .filter(DataSetArray::isMasked)
        .forEach(array -> columns.add(array.maskRows(data, count)));
    return IntStream.range(0, count)
        .mapToObj(row -> new Example(columns.stream().map(column -> column[row]).toList()))
        .toList();
  }

  private void requireSameCounts(MultiDataSet data) {
    for (Role role : List.of(Role.FEATURES, Role.LABELS)) {
      INDArray[] all = DataSetArray.all(data, role);
      long wanted = arrays.stream().filter(array -> array.role() == role).count();
      int found = all == null ? 0 : all.length;
      if (found != wanted || Arrays.asList(all).contains(null)) {
        throw new IllegalArgumentException(
            "DataSet has "
                + found
                + " "
                + name(role)
                + " arrays where the first one has "
                + wanted
                + ": give all DataSets the same arrays");
      }
    }
  }
}
