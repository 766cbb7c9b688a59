package dev.lockstep.sharding.ingest.libsvm;

import dev.lockstep.sharding.prepare.InvalidDataException;
import java.util.StringTokenizer;

/**
 * A line of LIBSVM text.
 *
 * @param label as written
 * @param indices of the values, ascending, counted from 1
 * @param values finite
 */
record SparseLine(String label, int[] indices, float[] values) {

  /** What is left of a line without its comment; blank when it has no example. */
  static String withoutComment(String line) {
    int comment = line.indexOf('#');
    return comment < 0 ? line : line.substring(0, comment);
  }

  /**
   * Reads a line without comment.
   *
   * @throws InvalidDataException with a message that follows the place of the line
   */
  static SparseLine parse(String line) throws InvalidDataException {
    StringTokenizer words = new StringTokenizer(line);
    String label = words.nextToken();
    if (label.indexOf(':') >= 0) {
      throw new InvalidDataException(
          "'%s' stands where the label belongs: begin the line with a label".formatted(label));
    }
    int[] indices = new int[words.countTokens()];
    float[] values = new float[indices.length];
    for (int i = 0; i < indices.length; i++) {
      String word = words.nextToken();
      int colon = word.indexOf(':');
      if (colon < 0) {
        throw new InvalidDataException("'%s' has no colon: write index:value".formatted(word));
      }
      indices[i] = index(word.substring(0, colon), word);
      if (i > 0 && indices[i] <= indices[i - 1]) {
        throw new InvalidDataException(
            "index %d follows %d: sort the indices, each but once"
                .formatted(indices[i], indices[i - 1]));
      }
      values[i] = number(word.substring(colon + 1), word);
    }
    return new SparseLine(label, indices, values);
  }

  private static int index(String text, String word) throws InvalidDataException {
    int index;
    try {
      index = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new InvalidDataException(
          "'%s' in '%s' is no index in [1, %d]".formatted(text, word, Integer.MAX_VALUE));
    }
    if (index < 1) {
      throw new InvalidDataException("index %d in '%s': indices begin at 1".formatted(index, word));
    }
    return index;
  }

  private static float number(String text, String word) throws InvalidDataException {
    float number;
    try {
      number = Float.parseFloat(text);
    } catch (NumberFormatException e) {
      throw new InvalidDataException("'%s' in '%s' is no number".formatted(text, word));
    }
    if (!Float.isFinite(number)) {
      throw new InvalidDataException(
          "'%s' in '%s' is not a finite number: replace it or drop the line".formatted(text, word));
    }
    return number;
  }

  /** The highest index, or 0 when all values are 0. */
  int highestIndex() {
    return indices.length == 0 ? 0 : indices[indices.length - 1];
  }

  /** The label as a number. */
  float number() throws InvalidDataException {
    return number(label, label);
  }

  /** The label as the name of a class. */
  String className() throws InvalidDataException {
    if (label.indexOf(',') >= 0) {
      throw new InvalidDataException(
          "label '%s' names several classes: an example can have one".formatted(label));
    }
    return label;
  }

  /**
   * All values, the zeros too.
   *
   * @param features how many there are
   */
  float[] dense(int features) throws InvalidDataException {
    if (highestIndex() > features) {
      throw new InvalidDataException(
          "index %d > features=%d: raise features, or drop the value"
              .formatted(highestIndex(), features));
    }
    float[] dense = new float[features];
    for (int i = 0; i < indices.length; i++) {
      dense[indices[i] - 1] = values[i];
    }
    return dense;
  }
}
