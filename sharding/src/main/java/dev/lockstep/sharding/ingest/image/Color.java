package dev.lockstep.sharding.ingest.image;

/** What channels an image is given out in, whatever it is stored in. */
public enum Color {
  /**
   * One channel: of a colored image its luma, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), not
   * rounded.
   */
  GRAY(1),
  /** Red, green, blue: of a gray image three times the same. */
  RGB(3);

  private final int channels;

  Color(int channels) {
    this.channels = channels;
  }

  /** Number of channels. */
  public int channels() {
    return channels;
  }
}
