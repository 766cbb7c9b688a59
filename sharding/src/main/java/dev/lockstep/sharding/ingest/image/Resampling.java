package dev.lockstep.sharding.ingest.image;

/**
 * How much each stored position counts for each wanted one, along one axis of an image. Sums and
 * products of doubles in a fixed order: the same bits on every machine.
 */
final class Resampling {

  private final int[] from;
  private final double[][] weights;

  private Resampling(int[] from, double[][] weights) {
    this.from = from;
    this.weights = weights;
  }

  /**
   * Triangles around the centers of the wanted positions (see {@link Resize}); what lies outside
   * the image does not count.
   *
   * @param stored positions there are
   * @param window length of the centered range that is used, at most {@code stored}
   * @param wanted positions that it becomes
   */
  static Resampling of(int stored, double window, int wanted) {
    double scale = window / wanted;
    double reach = Math.max(1, scale);
    double start = (stored - window) / 2;
    int[] from = new int[wanted];
    double[][] weights = new double[wanted][];
    for (int i = 0; i < wanted; i++) {
      double center = start + (i + 0.5) * scale;
      from[i] = (int) Math.max(0, Math.floor(center - reach));
      int to = (int) Math.min(stored, Math.ceil(center + reach));
      weights[i] = new double[to - from[i]];
      double sum = 0;
      for (int j = 0; j < weights[i].length; j++) {
        weights[i][j] = Math.max(0, 1 - Math.abs(from[i] + j + 0.5 - center) / reach);
        sum += weights[i][j];
      }
      for (int j = 0; j < weights[i].length; j++) {
        weights[i][j] /= sum;
      }
    }
    return new Resampling(from, weights);
  }

  /** The first stored position that counts for a wanted one. */
  int from(int wanted) {
    return from[wanted];
  }

  /** The first one after those that count. */
  int to(int wanted) {
    return from[wanted] + weights[wanted].length;
  }

  /** How much one of those counts. */
  double weight(int wanted, int stored) {
    return weights[wanted][stored - from[wanted]];
  }

  /** Resamples a line of values. */
  void apply(double[] stored, double[] wanted) {
    for (int i = 0; i < from.length; i++) {
      double sum = 0;
      for (int j = 0; j < weights[i].length; j++) {
        sum += weights[i][j] * stored[from[i] + j];
      }
      wanted[i] = sum;
    }
  }
}
