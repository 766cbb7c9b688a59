package dev.lockstep.ps.transport.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FrameGuardTest {

  private static final int REQUEST = 3;
  private static final int RESPONSE = 4;
  private static final int FAILURE = 5;

  @Test
  void framesPassAsTheyAreHoweverTheyAreCut() {
    for (long seed = 0; seed < 50; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      ByteBuf all = Unpooled.buffer();
      for (int i = 0; i < 20; i++) {
        all.writeBytes(frame(REQUEST, random.nextInt(random.nextBoolean() ? 5 : 5000)));
      }
      EmbeddedChannel channel = guarded(FrameGuard.ofRequests());
      ByteBuf passed = Unpooled.buffer();
      int at = 0;
      while (at < all.writerIndex()) {
        int piece =
            Math.min(all.writerIndex() - at, 1 + random.nextInt(random.nextBoolean() ? 4 : 3000));
        channel.writeInbound(all.copy(at, piece));
        at += piece;
      }
      for (ByteBuf piece = channel.readInbound(); piece != null; piece = channel.readInbound()) {
        passed.writeBytes(piece);
        piece.release();
      }
      assertEquals(all, passed, "seed " + seed);
      assertTrue(channel.isOpen());
    }
  }

  @Test
  void aFrameTooLongEndsTheConnectionAtItsLength() {
    int longest = FrameGuard.MAX_UNAUTHENTICATED_BYTES;
    assertTrue(passes(FrameGuard.ofRequests(), header(21L + longest, REQUEST, longest)));
    for (long length :
        new long[] {22L + longest, Integer.MAX_VALUE, Long.MAX_VALUE, Long.MIN_VALUE, -1, 0, 20}) {
      assertFalse(passes(FrameGuard.ofRequests(), Unpooled.copyLong(length)), "length " + length);
    }
  }

  @Test
  void unauthenticatedConnectionsMaySendLessThanAuthenticatedOnes() {
    EmbeddedChannel channel = guarded(FrameGuard.ofRequests());
    FrameGuard.allow(channel.pipeline(), 1 << 20);
    channel.writeInbound(header(21L + (1 << 20), REQUEST, 1 << 20));
    assertTrue(channel.isOpen());
    EmbeddedChannel other = guarded(FrameGuard.ofRequests());
    FrameGuard.allow(other.pipeline(), 1 << 20);
    other.writeInbound(header(22L + (1 << 20), REQUEST, (1 << 20) + 1));
    assertFalse(other.isOpen());
  }

  @Test
  void onlyRequestsComeInAndOnlyAnswersComeBack() {
    for (int type = -1; type < 16; type++) {
      assertEquals(
          type == REQUEST, passes(FrameGuard.ofRequests(), frame(type, 3)), "type " + type);
      assertEquals(
          type == RESPONSE || type == FAILURE,
          passes(FrameGuard.ofAnswers(100), frame(type, 3)),
          "type " + type);
    }
  }

  @Test
  void lengthsThatDisagreeEndTheConnection() {
    for (int body : new int[] {0, 99, 101, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertFalse(passes(FrameGuard.ofAnswers(1000), header(121, FAILURE, body)), "body " + body);
    }
  }

  @Test
  void whatCameWithARefusedFrameIsDropped() {
    EmbeddedChannel channel = guarded(FrameGuard.ofRequests());
    ByteBuf both = Unpooled.buffer().writeBytes(frame(REQUEST, 4)).writeLong(5);
    channel.writeInbound(both);
    assertNull(channel.readInbound());
    assertFalse(channel.isOpen());
    assertEquals(0, both.refCnt());
  }

  private static boolean passes(FrameGuard guard, ByteBuf bytes) {
    EmbeddedChannel channel = guarded(guard);
    channel.writeInbound(bytes);
    return channel.isOpen();
  }

  private static EmbeddedChannel guarded(FrameGuard guard) {
    EmbeddedChannel channel = new EmbeddedChannel();
    guard.join(channel.pipeline());
    return channel;
  }

  private static ByteBuf header(long length, int type, int body) {
    return Unpooled.buffer().writeLong(length).writeByte(type).writeLong(7).writeInt(body);
  }

  private static ByteBuf frame(int type, int body) {
    return header(21L + body, type, body).writeZero(body);
  }
}
