package dev.lockstep.trainer.score;

import java.util.ArrayList;
import java.util.List;

/** Evaluation sums of several outputs, added up output by output. */
public final class Scores {

  private Scores() {}

  /**
   * Both together.
   *
   * @param left one for each labels tensor, or null for none
   * @param right the same
   */
  public static List<EvaluationSums> plus(List<EvaluationSums> left, List<EvaluationSums> right) {
    if (left == null || right == null) {
      return left == null ? right : left;
    }
    List<EvaluationSums> sums = new ArrayList<>();
    for (int output = 0; output < left.size(); output++) {
      sums.add(left.get(output).plus(right.get(output)));
    }
    return sums;
  }
}
