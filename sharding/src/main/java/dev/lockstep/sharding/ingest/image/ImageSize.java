package dev.lockstep.sharding.ingest.image;

/**
 * Size of an image.
 *
 * @param height rows of pixels
 * @param width pixels of a row
 */
record ImageSize(int height, int width) {

  @Override
  public String toString() {
    return height + "x" + width;
  }
}
