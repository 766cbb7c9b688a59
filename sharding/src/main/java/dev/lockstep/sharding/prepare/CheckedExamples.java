package dev.lockstep.sharding.prepare;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;

/** Examples that fit their tensors; others are bad data. Lives in an executor. */
public final class CheckedExamples implements Iterator<Example> {

  private final Iterator<Example> examples;
  private final List<TensorSpec> tensors;
  private long number;

  /**
   * Over a partition.
   *
   * @param first number of its first example, for messages
   */
  public CheckedExamples(Iterator<Example> examples, List<TensorSpec> tensors, long first) {
    this.examples = examples;
    this.tensors = tensors;
    this.number = first;
  }

  @Override
  public boolean hasNext() {
    return examples.hasNext();
  }

  @Override
  public Example next() {
    long current = number++;
    Example example = examples.next();
    try {
      example.check(tensors);
      return example;
    } catch (IllegalArgumentException e) {
      throw new UncheckedIOException(
          new InvalidDataException("example %d: %s".formatted(current, e.getMessage())));
    }
  }
}
