package dev.lockstep.sharding.prepare;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeSet;

/**
 * The classes of a label column and their indices. When all of them are integers they are compared
 * as numbers, so that {@code 3}, {@code 03} and {@code 3.0} are one class. Crosses to executors.
 */
public final class ClassLabels implements Serializable {

  private static final long serialVersionUID = 1;

  private final ArrayList<String> names;
  private final HashMap<String, Integer> indices = new HashMap<>();
  private final Map<Long, Integer> byNumber;

  private ClassLabels(List<String> names, Map<Long, Integer> byNumber) {
    this.names = new ArrayList<>(names);
    this.byNumber = byNumber;
    for (int i = 0; i < names.size(); i++) {
      indices.put(names.get(i), i);
    }
  }

  /** These classes in this order. */
  public static ClassLabels given(List<String> names) {
    return new ClassLabels(names, numbers(names));
  }

  /** The distinct classes among labels, sorted. */
  public static ClassLabels sorted(Collection<String> labels) {
    TreeSet<Long> integers = new TreeSet<>();
    for (String label : labels) {
      Long number = integer(label);
      if (number == null) {
        return given(List.copyOf(new TreeSet<>(labels)));
      }
      integers.add(number);
    }
    return given(integers.stream().map(String::valueOf).toList());
  }

  private static Map<Long, Integer> numbers(List<String> names) {
    Map<Long, Integer> numbers = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      Long number = integer(names.get(i));
      if (number == null) {
        return new HashMap<>();
      }
      numbers.put(number, i);
    }
    return numbers;
  }

  /** The integer that a text stands for, or null. */
  private static Long integer(String text) {
    try {
      double value = DecimalText.parse(text);
      return value == Math.rint(value) && Math.abs(value) < 1L << 53 ? (long) value : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  public List<String> names() {
    return names;
  }

  /** Index of a label's class, or nothing if it is none of these. */
  public OptionalInt index(String label) {
    Integer index = indices.get(label);
    if (index == null && !byNumber.isEmpty()) {
      Long number = integer(label);
      index = number == null ? null : byNumber.get(number);
    }
    return index == null ? OptionalInt.empty() : OptionalInt.of(index);
  }
}
