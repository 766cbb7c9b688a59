package dev.lockstep.trainer.model;

import java.util.List;

/**
 * A model, or a model with a dataset, that Lockstep does not train; the message says what to do.
 */
public final class UnsupportedModelException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final List<String> problems;

  /**
   * All problems at once.
   *
   * @param problems at least one, each with its remedy
   */
  public UnsupportedModelException(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /** Each problem with its remedy. */
  public List<String> problems() {
    return problems;
  }
}
