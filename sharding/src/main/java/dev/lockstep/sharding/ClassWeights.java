package dev.lockstep.sharding;

import java.io.Serializable;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * How much examples of each class of the first class labels count. Crosses from driver to
 * executors.
 *
 * @param kind where the weights come from
 * @param byClass for {@link Kind#GIVEN}: class name to weight; 1 for classes that are not named
 */
public record ClassWeights(Kind kind, Map<String, Double> byClass) implements Serializable {

  /** Where the weights come from. */
  public enum Kind {
    /** All count the same. */
    NONE,
    /**
     * n / (k n_c) for k classes in the training split, n training examples and n_c of the class:
     * every class counts the same, and the mean weight of the training split is 1.
     */
    BALANCED,
    /** From the user. */
    GIVEN
  }

  /** All count the same. */
  public static final ClassWeights NONE = new ClassWeights(Kind.NONE, Map.of());

  /** Checks the weights. */
  public ClassWeights {
    Objects.requireNonNull(kind, "kind");
    byClass = Collections.unmodifiableMap(new TreeMap<>(byClass == null ? Map.of() : byClass));
    if (byClass.isEmpty() == (kind == Kind.GIVEN)) {
      throw new IllegalArgumentException(
          "classWeights kind=%s with %d weights: give weights to GIVEN and to nothing else"
              .formatted(kind, byClass.size()));
    }
    byClass.forEach(
        (name, weight) -> {
          if (!(weight >= 0 && Double.isFinite(weight))) {
            throw new IllegalArgumentException(
                "weight=%s of class %s must be a number >= 0".formatted(weight, name));
          }
        });
  }

  /** Every class counts the same. */
  public static ClassWeights balanced() {
    return new ClassWeights(Kind.BALANCED, Map.of());
  }

  /** These weights. */
  public static ClassWeights of(Map<String, Double> byClass) {
    return new ClassWeights(Kind.GIVEN, byClass);
  }
}
