package dev.lockstep.sharding;

/** How the values of a column become numbers of a tensor. */
public enum ColumnTransform {
  /** As they are. */
  NUMBER,
  /** Less the mean, divided by the standard deviation of the training split. */
  STANDARDIZE,
  /** Mapped so that the training split lies in [0, 1]. */
  MIN_MAX,
  /** A category: 1 at its place among the categories, 0 elsewhere. */
  ONE_HOT,
  /** A class, as labels: stored as its index. The only column of its tensor. */
  CLASS;

  /** Whether the values are texts rather than numbers. */
  public boolean isCategory() {
    return this == ONE_HOT || this == CLASS;
  }
}
