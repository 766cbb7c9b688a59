package dev.lockstep.ps.transport.message;

import dev.lockstep.ps.protocol.AttemptKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Tells a peer that the attempt is over.
 *
 * <pre>
 *  0        16      20
 *  | prefix | count | reason (UTF-8)
 * </pre>
 *
 * @param attempt which attempt
 * @param reason why; cut to {@value #MAX_REASON} bytes
 */
public record AbortMessage(AttemptKey attempt, String reason) {

  private static final int COUNT_OFFSET = MessagePrefix.LENGTH;
  private static final int REASON_OFFSET = COUNT_OFFSET + Integer.BYTES;
  private static final int MAX_REASON = 4096;

  int encodedLength() {
    return REASON_OFFSET + reasonBytes().length;
  }

  public ByteBuffer encode() {
    byte[] text = reasonBytes();
    ByteBuffer bytes = Wire.allocate(REASON_OFFSET + text.length);
    MessagePrefix.encode(bytes, MessageType.ABORT, attempt);
    bytes.putInt(COUNT_OFFSET, text.length);
    bytes.put(REASON_OFFSET, text);
    return bytes;
  }

  public static AbortMessage decode(ByteBuffer message) {
    ByteBuffer bytes = MessagePrefix.open(message, MessageType.ABORT, REASON_OFFSET);
    int count = Wire.checkCount("ABORT: bytes", bytes.getInt(COUNT_OFFSET), MAX_REASON);
    MessagePrefix.checkLength(MessageType.ABORT, bytes, REASON_OFFSET + (long) count);
    byte[] text = new byte[count];
    bytes.get(REASON_OFFSET, text);
    return new AbortMessage(MessagePrefix.attempt(bytes), new String(text, StandardCharsets.UTF_8));
  }

  private byte[] reasonBytes() {
    byte[] text = reason.getBytes(StandardCharsets.UTF_8);
    if (text.length <= MAX_REASON) {
      return text;
    }
    int end = MAX_REASON;
    // Not in the midst of a character: continuation bytes are 10xxxxxx.
    while ((text[end] & 0xC0) == 0x80) {
      end--;
    }
    return Arrays.copyOf(text, end);
  }
}
