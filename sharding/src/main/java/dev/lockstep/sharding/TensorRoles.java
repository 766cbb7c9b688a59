package dev.lockstep.sharding;

import dev.lockstep.sharding.TensorSpec.Role;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A dataset's tensors by what they are to a model, as indices into its list. There is one mask for
 * each tensor, in their order; or masks for some of them, named {@code TENSOR_mask}.
 *
 * @param features inputs, in order
 * @param labels outputs, in order
 * @param featuresMasks for each input its mask, or {@link #NONE}
 * @param labelsMasks for each output its mask, or {@link #NONE}
 * @param weights none, one for all outputs, or one for each
 */
public record TensorRoles(
    List<Integer> features,
    List<Integer> labels,
    List<Integer> featuresMasks,
    List<Integer> labelsMasks,
    List<Integer> weights) {

  /** No tensor. */
  public static final int NONE = -1;

  /** What a mask's name adds to its tensor's. */
  public static final String MASK_SUFFIX = "_mask";

  public static TensorRoles of(List<TensorSpec> tensors) {
    List<Integer> features = indices(tensors, Role.FEATURES);
    List<Integer> labels = indices(tensors, Role.LABELS);
    return new TensorRoles(
        features,
        labels,
        masks(tensors, features, indices(tensors, Role.FEATURES_MASK)),
        masks(tensors, labels, indices(tensors, Role.LABELS_MASK)),
        indices(tensors, Role.WEIGHTS));
  }

  /** The dataset's tensors of a role. */
  static List<Integer> indices(List<TensorSpec> tensors, Role role) {
    return IntStream.range(0, tensors.size())
        .filter(i -> tensors.get(i).role() == role)
        .boxed()
        .toList();
  }

  private static List<Integer> masks(
      List<TensorSpec> tensors, List<Integer> masked, List<Integer> masks) {
    List<Integer> named = new ArrayList<>(Collections.nCopies(masked.size(), NONE));
    int found = 0;
    for (int i = 0; i < masked.size(); i++) {
      String name = tensors.get(masked.get(i)).name() + MASK_SUFFIX;
      for (int mask : masks) {
        if (tensors.get(mask).name().equals(name)) {
          named.set(i, mask);
          found++;
        }
      }
    }
    return found < masks.size() && masks.size() == masked.size() ? masks : named;
  }

  /** What is wrong with the masks of a role; empty if all belong to a tensor. */
  public static List<String> problems(List<TensorSpec> tensors, Role masks) {
    TensorRoles roles = of(tensors);
    List<Integer> used = masks == Role.FEATURES_MASK ? roles.featuresMasks : roles.labelsMasks;
    List<String> stray =
        indices(tensors, masks).stream()
            .filter(mask -> !used.contains(mask))
            .map(mask -> tensors.get(mask).name())
            .toList();
    return stray.isEmpty()
        ? List.of()
        : List.of(
            "the dataset has "
                + indices(tensors, masks).size()
                + " "
                + masks
                + " tensors for "
                + used.size()
                + ", and "
                + stray
                + " is not TENSOR"
                + MASK_SUFFIX
                + " for any of them: give one for each, in their order, or name it after its tensor");
  }
}
