package dev.lockstep.ps.transport.message;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.transport.rpc.MessageServerTest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ChecksummedMessageTest {

  @Test
  void aMessageComesBackAsItWas() {
    for (int length : new int[] {0, 1, 40, 70_000}) {
      byte[] bytes = new byte[length];
      new SplittableRandom(length).nextBytes(bytes);
      ByteBuffer wide = ByteBuffer.allocate(length + 9).put(5, bytes);
      ByteBuffer message = wide.position(5).limit(5 + length);
      ByteBuffer sealed = ChecksummedMessage.sealed(message);
      assertEquals(length + ChecksummedMessage.OVERHEAD, sealed.remaining());
      assertEquals(length, message.remaining());
      assertEquals(length, ChecksummedMessage.length(sealed));
      assertArrayEquals(bytes, MessageServerTest.bytes(ChecksummedMessage.open(sealed)));
    }
  }

  @Test
  void whatWasWrittenInsideIsNotCopiedAndMayBeShorterThanItsRoom() {
    ByteBuffer whole = Wire.allocate(100);
    ChecksummedMessage message = new ChecksummedMessage(length -> whole.limit(length));
    ByteBuffer inside = message.apply(50);
    inside.putInt(0, 77);
    ByteBuffer sealed = message.seal(inside.limit(8));
    assertSame(whole, sealed);
    assertEquals(8, ChecksummedMessage.open(sealed).remaining());
    assertEquals(77, Wire.view(ChecksummedMessage.open(sealed)).getInt());
    // Another message than the one that was written inside.
    assertEquals(1, ChecksummedMessage.length(message.seal(Ack.encode())));
  }

  @Test
  void theSumIsCrc32cOfTheMessage() {
    // The check value of CRC-32/ISCSI in the catalogue of parametrised CRC algorithms.
    ByteBuffer sealed =
        ChecksummedMessage.sealed(ByteBuffer.wrap("123456789".getBytes(StandardCharsets.US_ASCII)));
    assertEquals(0xE3069283, Wire.view(sealed).getInt(0));
  }

  @Test
  void everyFlippedBitAndEveryCutIsSeen() {
    byte[] bytes = new byte[61];
    new SplittableRandom(3).nextBytes(bytes);
    ByteBuffer sealed = ChecksummedMessage.sealed(ByteBuffer.wrap(bytes));
    for (int bit = 0; bit < sealed.limit() * Byte.SIZE; bit++) {
      ByteBuffer flipped = ByteBuffer.allocate(sealed.limit()).put(0, sealed, 0, sealed.limit());
      flipped.put(bit / 8, (byte) (flipped.get(bit / 8) ^ 1 << bit % 8));
      String message =
          assertThrows(MessageException.class, () -> ChecksummedMessage.open(flipped)).getMessage();
      assertTrue(
          message.matches(
              "message refused: checksum=\\p{XDigit}{8} != \\p{XDigit}{8} of its 61 bytes: it was"
                  + " changed on its way"),
          message);
    }
    for (int length = 0; length < sealed.limit(); length++) {
      ByteBuffer cut = sealed.duplicate().limit(length);
      assertThrows(MessageException.class, () -> ChecksummedMessage.open(cut));
    }
  }
}
