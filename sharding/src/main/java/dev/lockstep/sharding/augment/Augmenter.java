package dev.lockstep.sharding.augment;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.RandomSource;
import dev.lockstep.sharding.plan.Seeds;
import java.util.List;

/**
 * The augmentations of one epoch, one after the other, each with random numbers of its own for
 * every example: those of Seeds.mix(AUGMENT, seed, epoch, block, row, place in the list). Lives in
 * an executor; used by one thread.
 */
public final class Augmenter {

  /** Keeps these random numbers apart from all others made with the same seed. */
  private static final long AUGMENT = 0x4155474D454E54L; // "AUGMENT"

  private final List<Augmentation> augmentations;
  private final long seed;
  private final int epoch;

  /** The tensor that is changed, and its place among all; null and -1 when none is. */
  private final TensorSpec features;

  private final int index;

  /**
   * Prepares an epoch.
   *
   * @param augmentations in the order in which they are applied; may be none
   * @param tensors of the dataset
   * @throws IllegalArgumentException as {@link #requireFit}
   */
  public Augmenter(
      List<Augmentation> augmentations, List<TensorSpec> tensors, long seed, int epoch) {
    requireFit(augmentations, tensors);
    this.augmentations = List.copyOf(augmentations);
    this.seed = seed;
    this.epoch = epoch;
    features = augmentations.isEmpty() ? null : featuresOf(tensors).get(0);
    index = features == null ? -1 : tensors.indexOf(features);
  }

  /**
   * Refuses augmentations that cannot be applied to a dataset.
   *
   * @throws IllegalArgumentException unless there is exactly one tensor of features, of float32,
   *     and each augmentation can work on it
   */
  public static void requireFit(List<Augmentation> augmentations, List<TensorSpec> tensors) {
    if (augmentations.isEmpty()) {
      return;
    }
    List<TensorSpec> found = featuresOf(tensors);
    if (found.size() != 1 || found.get(0).encoding() != TensorSpec.Encoding.FLOAT32) {
      throw new IllegalArgumentException(
          "augmentation=%s needs exactly one float32 tensor of features, the dataset has %s: leave it out"
              .formatted(
                  augmentations,
                  found.stream().map(each -> each.name() + " " + each.encoding()).toList()));
    }
    augmentations.forEach(each -> each.requireFit(found.get(0)));
  }

  private static List<TensorSpec> featuresOf(List<TensorSpec> tensors) {
    return tensors.stream().filter(each -> each.role() == TensorSpec.Role.FEATURES).toList();
  }

  /**
   * Changes one example.
   *
   * @param block of the dataset that the example is in
   * @param blockRow its row there
   * @param values one array for each tensor of the dataset
   * @param row of the arrays, where the example is
   */
  public void apply(int block, int blockRow, List<float[]> values, int row) {
    for (int i = 0; i < augmentations.size(); i++) {
      augmentations
          .get(i)
          .apply(
              values.get(index),
              row * features.elements(),
              features,
              new RandomSource(Seeds.mix(AUGMENT, seed, epoch, block, blockRow, i)));
    }
  }
}
