package dev.lockstep.sharding.prepare;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.SplitSpec;
import java.util.List;

/**
 * By which class an example is assigned to a split. Made where it is used.
 *
 * @param tensor place of the labels among the tensors, or -1 when classes do not matter
 * @param classes number of classes; 1 when they do not matter
 */
public record ClassOf(int tensor, int classes) {

  /**
   * The class of the first labels.
   *
   * @throws IllegalArgumentException if the splitSpec is stratified and no labels are classes
   */
  public static ClassOf of(List<TensorSpec> tensors, SplitSpec splitSpec) {
    if (splitSpec.method() != SplitSpec.Method.STRATIFIED) {
      return new ClassOf(-1, 1);
    }
    for (int t = 0; t < tensors.size(); t++) {
      TensorSpec tensor = tensors.get(t);
      if (tensor.role() == TensorSpec.Role.LABELS
          && tensor.encoding() == TensorSpec.Encoding.CLASS_INDEX) {
        return new ClassOf(t, tensor.elements());
      }
    }
    throw new IllegalArgumentException(
        "method=STRATIFIED, but no labels are classes: split at random, or chronologically");
  }

  public int of(Example example) {
    return tensor < 0 ? 0 : (int) example.values().get(tensor)[0];
  }
}
