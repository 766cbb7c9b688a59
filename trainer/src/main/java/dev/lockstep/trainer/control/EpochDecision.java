package dev.lockstep.trainer.control;

import java.nio.ByteBuffer;

/**
 * What the driver decides from the validation after an epoch. Crosses from driver to executors in
 * nine bytes: the scale, then 1 if the run ends.
 *
 * @param rateScale what the learning rate is multiplied by in the next epoch
 * @param outlook whether there is a next epoch
 */
public record EpochDecision(double rateScale, Outlook outlook) {

  /** Whether the run goes on. */
  public enum Outlook {
    GOES_ON,
    ENDS
  }

  ByteBuffer encode() {
    return ByteBuffer.allocate(Double.BYTES + 1)
        .putDouble(rateScale)
        .put((byte) (outlook == Outlook.ENDS ? 1 : 0))
        .flip();
  }

  static EpochDecision decode(ByteBuffer bytes) {
    double scale = bytes.getDouble();
    return new EpochDecision(scale, bytes.get() == 1 ? Outlook.ENDS : Outlook.GOES_ON);
  }
}
