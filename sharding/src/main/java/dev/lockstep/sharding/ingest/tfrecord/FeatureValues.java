package dev.lockstep.sharding.ingest.tfrecord;

import java.util.List;

/** What a feature of an example holds: one of TensorFlow's three kinds of list. */
sealed interface FeatureValues {

  /** Number of values. */
  int count();

  /** Its name in messages. */
  String kind();

  /** A float_list. */
  record Floats(float[] values) implements FeatureValues {
    @Override
    public int count() {
      return values.length;
    }

    @Override
    public String kind() {
      return "float_list";
    }
  }

  /** An int64_list. */
  record Integers(long[] values) implements FeatureValues {
    @Override
    public int count() {
      return values.length;
    }

    @Override
    public String kind() {
      return "int64_list";
    }
  }

  /** A bytes_list. */
  record Bytes(List<byte[]> values) implements FeatureValues {
    /** Keeps the arrays. */
    public Bytes {
      values = List.copyOf(values);
    }

    @Override
    public int count() {
      return values.size();
    }

    @Override
    public String kind() {
      return "bytes_list";
    }
  }
}
