package dev.lockstep.trainer.data;

/** What the labels of DL4J's data sets mean: it decides how a model is scored on them. */
public enum LabelEncoding {
  /**
   * Classes if each row of labels in the first data set is one-hot, there are at least two columns
   * and no labels mask; numbers otherwise.
   */
  DETECT,
  /** Each row of labels is one-hot; models are scored by accuracy. */
  CLASSES,
  /** Any numbers; models are scored by their errors. */
  NUMBERS
}
