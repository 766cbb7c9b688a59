package dev.lockstep.sharding.augment;

import dev.lockstep.sharding.TensorSpec;

/** What augmentations of images ask of a tensor. */
final class Image {

  private Image() {}

  static void requireImage(Augmentation augmentation, TensorSpec features) {
    if (features.shape().size() != 3) {
      throw new IllegalArgumentException(
          "augmentation=%s with tensor %s of shape=%s: only images, of shape [channels, height, width], can be changed so; leave it out"
              .formatted(augmentation, features.name(), features.shape()));
    }
  }
}
