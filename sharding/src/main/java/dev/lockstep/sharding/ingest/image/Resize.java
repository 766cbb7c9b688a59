package dev.lockstep.sharding.ingest.image;

/**
 * What becomes of an image that has another size than the tensor. Where it is resized, a pixel is
 * the mean of the stored ones weighted by a triangle around its centre, which reaches one stored
 * pixel to each side when the image grows (linear interpolation), and as many as fall on one pixel
 * when it shrinks, so that all of them count. In double precision, without rounding to bytes.
 */
public enum Resize {
  /** It is refused. */
  NONE,
  /** Height and width are scaled each by itself: the proportions change. */
  STRETCH,
  /** The largest part around the middle that has the tensor's proportions is scaled. */
  CROP
}
