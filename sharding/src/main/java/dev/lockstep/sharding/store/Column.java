package dev.lockstep.sharding.store;

/** The values of one tensor for the examples of a decoded block. */
public sealed interface Column {

  /** Writes the values of one example, as they are handed out, as a row of a zeroed array. */
  void copyRow(int from, float[] to, int row);

  /** Dense values of shape {@code [examples, elements]}. */
  final class Dense implements Column {
    private final float[] values;
    private final int elements;

    Dense(float[] values, int elements) {
      this.values = values;
      this.elements = elements;
    }

    @Override
    public void copyRow(int from, float[] to, int row) {
      System.arraycopy(values, from * elements, to, row * elements, elements);
    }
  }

  /** Classes of shape {@code [examples]}, handed out one-hot. */
  final class Classes implements Column {
    private final int[] indices;
    private final int classes;

    Classes(int[] indices, int classes) {
      this.indices = indices;
      this.classes = classes;
    }

    @Override
    public void copyRow(int from, float[] to, int row) {
      to[row * classes + indices[from]] = 1;
    }
  }
}
