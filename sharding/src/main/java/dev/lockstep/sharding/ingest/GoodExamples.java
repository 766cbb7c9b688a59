package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;

/**
 * The examples of a partition that fit their tensors; the others end it or are counted. Lives in an
 * executor.
 */
final class GoodExamples {

  private final Iterator<Example> examples;
  private final List<TensorSpec> tensors;
  private final BadData badData;
  private long number;
  private long skipped;
  private String firstSkipped = "";

  /**
   * Over a partition.
   *
   * @param first number of its first example, for messages
   */
  GoodExamples(Iterator<Example> examples, List<TensorSpec> tensors, BadData badData, long first) {
    this.examples = examples;
    this.tensors = tensors;
    this.badData = badData;
    this.number = first;
  }

  /**
   * The next one, or null.
   *
   * @throws InvalidDataException for a bad one, unless these are skipped
   */
  Example next() throws IOException {
    while (hasNext()) {
      try {
        return checked();
      } catch (InvalidDataException e) {
        if (badData == BadData.FAIL) {
          throw e;
        }
        if (skipped++ == 0) {
          firstSkipped = e.getMessage();
        }
      }
    }
    return null;
  }

  private boolean hasNext() throws IOException {
    try {
      return examples.hasNext();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private Example checked() throws IOException {
    long current = number++;
    Example example;
    try {
      example = examples.next();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    try {
      example.check(tensors);
      return example;
    } catch (IllegalArgumentException e) {
      throw new InvalidDataException("example %d: %s".formatted(current, e.getMessage()));
    }
  }

  /** Examples left out so far. */
  long skipped() {
    return skipped;
  }

  /** Why the first of them was left out, or "". */
  String firstSkipped() {
    return firstSkipped;
  }
}
