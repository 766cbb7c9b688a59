package dev.lockstep.ps.transport.message;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.IntFunction;
import java.util.zip.CRC32C;

/**
 * What a connection carries: a message behind its checksum, which detects bits that changed in
 * transit (TCP's own sum of 16 bits lets one error in 65,536 through, and AES in counter mode has
 * none). All numbers are little-endian. An instance serves one message that is being written.
 *
 * <pre>
 *  0        4
 *  | CRC32C | message
 * </pre>
 */
public final class ChecksummedMessage implements IntFunction<ByteBuffer> {

  private static final int SUM_OFFSET = 0;
  private static final int MESSAGE_OFFSET = SUM_OFFSET + Integer.BYTES;

  /** Bytes beside the message. */
  static final int OVERHEAD = MESSAGE_OFFSET;

  private final IntFunction<ByteBuffer> memory;
  private ByteBuffer whole;
  private ByteBuffer inside;

  /** A message to be written in memory of the given kind. */
  public ChecksummedMessage(IntFunction<ByteBuffer> memory) {
    this.memory = memory;
  }

  /** A message on its own. */
  public static ByteBuffer sealed(ByteBuffer message) {
    return new ChecksummedMessage(Wire::allocate).seal(message);
  }

  /** Memory for a message of that length, position 0; sealed without being copied. */
  @Override
  public ByteBuffer apply(int length) {
    whole = memory.apply(MESSAGE_OFFSET + length);
    inside = whole.slice(MESSAGE_OFFSET, length).order(ByteOrder.LITTLE_ENDIAN);
    return inside;
  }

  /**
   * What to send for a message.
   *
   * @param message from position to limit; copied unless it is what {@link #apply} gave last, with
   *     position 0
   */
  @SuppressWarnings("ReferenceEquality") // the same memory, not the same bytes
  public ByteBuffer seal(ByteBuffer message) {
    int length = message.remaining();
    if (message != inside || message.position() != 0) {
      apply(length).put(0, message, message.position(), length);
    }
    whole.putInt(SUM_OFFSET, sum(inside, length));
    return whole.limit(MESSAGE_OFFSET + length);
  }

  /** Length of the message in what was received; negative if there is none. */
  public static int length(ByteBuffer received) {
    return received.remaining() - MESSAGE_OFFSET;
  }

  /** The message in what was received, position 0, unchecked; empty if there is none. */
  public static ByteBuffer peek(ByteBuffer received) {
    int length = length(received);
    return length < 0
        ? ByteBuffer.allocate(0)
        : received.slice(received.position() + MESSAGE_OFFSET, length);
  }

  /**
   * The message in what was received: a view, position 0.
   *
   * @throws MessageException if it is not what was sent
   */
  public static ByteBuffer open(ByteBuffer received) {
    if (length(received) < 0) {
      throw new MessageException(
          "message refused: " + received.remaining() + " bytes have no room for a checksum");
    }
    ByteBuffer message = peek(received);
    int said = Wire.view(received).getInt(SUM_OFFSET);
    int found = sum(message, message.limit());
    if (said != found) {
      throw new MessageException(
          "message refused: checksum=%08x != %08x of its %d bytes: it was changed on its way"
              .formatted(said, found, message.limit()));
    }
    return message;
  }

  private static int sum(ByteBuffer message, int length) {
    CRC32C sum = new CRC32C();
    sum.update(message.slice(0, length));
    return (int) sum.getValue();
  }
}
