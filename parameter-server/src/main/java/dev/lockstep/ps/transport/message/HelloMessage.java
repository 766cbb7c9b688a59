package dev.lockstep.ps.transport.message;

import dev.lockstep.ps.protocol.Sha256;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/**
 * The first message of every connection: names the protocol version and proves that the sender
 * knows the run's token. (The token keeps processes of other runs out; against an eavesdropper
 * there are Spark's authentication and encryption.) Magic and version keep their places in all
 * versions.
 *
 * <pre>
 *  0        4         8                        40
 *  | magic  | version | SHA-256 of the token   |
 * </pre>
 */
public final class HelloMessage {

  private static final int MAGIC_OFFSET = 0;
  private static final int VERSION_OFFSET = 4;
  private static final int DIGEST_OFFSET = 8;
  private static final int DIGEST_LENGTH = 32;
  private static final int LENGTH = DIGEST_OFFSET + DIGEST_LENGTH;

  private static final int MAGIC = 0x4C4B5354;
  private static final int VERSION = 2;

  private HelloMessage() {}

  public static int encodedLength() {
    return LENGTH;
  }

  public static ByteBuffer encode(String token) {
    ByteBuffer bytes = Wire.allocate(LENGTH);
    bytes.putInt(MAGIC_OFFSET, MAGIC);
    bytes.putInt(VERSION_OFFSET, VERSION);
    bytes.put(DIGEST_OFFSET, Sha256.digest(token));
    return bytes;
  }

  /**
   * Checks a hello.
   *
   * @throws MessageException unless it is one of this version with this token
   */
  public static void check(ByteBuffer message, String token) {
    ByteBuffer bytes = Wire.view(message);
    boolean isHello = bytes.limit() >= DIGEST_OFFSET && bytes.getInt(MAGIC_OFFSET) == MAGIC;
    int version = isHello ? bytes.getInt(VERSION_OFFSET) : VERSION;
    if (version != VERSION) {
      throw new MessageException(
          "connection refused: protocol version %d != %d: use the same Lockstep version everywhere"
              .formatted(version, VERSION));
    }
    if (!isHello || bytes.limit() != LENGTH) {
      throw new MessageException("connection refused: the first message is not a hello");
    }
    byte[] given = new byte[DIGEST_LENGTH];
    bytes.get(DIGEST_OFFSET, given);
    if (!MessageDigest.isEqual(given, Sha256.digest(token))) {
      throw new MessageException("connection refused: wrong run token");
    }
  }
}
