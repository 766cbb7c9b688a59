package dev.lockstep.ps.transport.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.clip.NormPartials.GroupSum;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.PullReply;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.WireFormat;
import dev.lockstep.ps.transport.NodeAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class MessagesTest {

  private static final AttemptKey ATTEMPT = new AttemptKey(0x0102030405060708L, 9);

  @Test
  void pushComesBackAsItWas() {
    FloatBuffer gradient = FloatBuffer.wrap(new float[] {9, 1.5f, Float.NaN, -0f}, 1, 3);
    Push push =
        new Push(
            ATTEMPT,
            StepKey.of(1L << 40, 3),
            new TreeNode(2, 5),
            7,
            Contribution.of(1L << 33, 2.5),
            gradient);
    ByteBuffer bytes = encode(push);
    assertEquals(3, gradient.remaining());
    assertEquals(push, PushMessage.decode(bytes));
  }

  @Test
  void pushWithoutExamplesHasNoFloats() {
    Push push =
        new Push(
            ATTEMPT,
            StepKey.of(0, 0),
            new TreeNode(0, 0),
            0,
            Contribution.of(0, 0),
            FloatBuffer.allocate(0));
    assertEquals(push, PushMessage.decode(encode(push)));
  }

  @Test
  void pullComesBackAsItWas() {
    PullMessage pull =
        PullMessage.of(
            new Pull(ATTEMPT, (1L << 40) + 1, 7, Pull.NO_OUTCOMES, FloatBuffer.allocate(65_536)));
    ByteBuffer bytes = pull.encode();
    assertEquals(pull, PullMessage.decode(bytes));
  }

  @Test
  void pullReplyBringsTheFrameIntoItsDestination() {
    float[] theta = new float[5];
    Pull pull = new Pull(ATTEMPT, 13, 3, 12, FloatBuffer.wrap(theta, 1, 3));
    ByteBuffer answer = PullReplyMessage.prepare(PullMessage.of(pull), Wire::allocate);
    PullReplyMessage.destination(answer).put(new float[] {1, 2, 3});
    PullReply reply =
        new PullReply(64, List.of(new StepOutcome(12, new Contribution(64, 1.25, 3), Double.NaN)));
    ByteBuffer bytes = PullReplyMessage.encode(answer, reply);
    assertEquals(reply, PullReplyMessage.decode(bytes, pull));
    assertEquals(FloatBuffer.wrap(new float[] {0, 1, 2, 3, 0}), FloatBuffer.wrap(theta));
  }

  @Test
  void pullReplyToAnotherPullIsRefused() {
    Pull pull = new Pull(ATTEMPT, 13, 3, Pull.NO_OUTCOMES, FloatBuffer.allocate(2));
    ByteBuffer answer = PullReplyMessage.prepare(PullMessage.of(pull), Wire::allocate);
    for (Pull other :
        List.of(
            new Pull(ATTEMPT, 14, 3, Pull.NO_OUTCOMES, FloatBuffer.allocate(2)),
            new Pull(ATTEMPT, 13, 4, Pull.NO_OUTCOMES, FloatBuffer.allocate(2)),
            new Pull(ATTEMPT, 13, 3, Pull.NO_OUTCOMES, FloatBuffer.allocate(3)),
            new Pull(
                new AttemptId("x", 0).key(), 13, 3, Pull.NO_OUTCOMES, FloatBuffer.allocate(2)))) {
      assertTrue(
          assertThrows(MessageException.class, () -> PullReplyMessage.decode(answer, other))
              .getMessage()
              .contains("answers another pull"));
    }
  }

  @Test
  void normsComeBackAsTheyWere() {
    ShardNorms norms =
        new ShardNorms(
            ATTEMPT,
            5,
            0,
            2,
            new NormPartials(
                3,
                9,
                List.of(
                    new GroupSum(0, new TreeNode(0, 3), 0.1),
                    new GroupSum(1, new TreeNode(2, 1), Double.POSITIVE_INFINITY))));
    ByteBuffer bytes = NormsMessage.encode(norms);
    assertEquals(norms, NormsMessage.decode(bytes));
  }

  @Test
  void abortComesBackAsItWasUpToItsLongestReason() {
    AbortMessage abort = new AbortMessage(ATTEMPT, "lost JVM 7 – gone");
    ByteBuffer bytes = abort.encode();
    assertEquals(abort, AbortMessage.decode(bytes));
    String cut = AbortMessage.decode(new AbortMessage(ATTEMPT, "é".repeat(5000)).encode()).reason();
    assertEquals("é".repeat(2048), cut);
    assertEquals(
        "a" + "é".repeat(2047),
        AbortMessage.decode(new AbortMessage(ATTEMPT, "a" + "é".repeat(5000)).encode()).reason());
  }

  @Test
  void leaveComesBackAsItWas() {
    LeaveMessage leave = new LeaveMessage(ATTEMPT, 4);
    ByteBuffer bytes = leave.encode();
    assertEquals(leave, LeaveMessage.decode(bytes));
  }

  @Test
  void helloProvesTheTokenAndNothingElseDoes() {
    ByteBuffer hello = HelloMessage.encode("secret");
    HelloMessage.check(hello, "secret");
    assertEquals(
        "connection refused: wrong run token",
        assertThrows(MessageException.class, () -> HelloMessage.check(hello, "guess"))
            .getMessage());
    hello.putInt(4, 99);
    assertEquals(
        "connection refused: protocol version 99 != 2: use the same Lockstep version everywhere",
        assertThrows(MessageException.class, () -> HelloMessage.check(hello, "secret"))
            .getMessage());
    assertEquals(
        "connection refused: protocol version 99 != 2: use the same Lockstep version everywhere",
        assertThrows(
                MessageException.class,
                () -> HelloMessage.check(hello.duplicate().limit(8), "secret"),
                "a version with another length")
            .getMessage());
    assertEquals(
        "connection refused: the first message is not a hello",
        assertThrows(
                MessageException.class, () -> HelloMessage.check(PingMessage.encode(), "secret"))
            .getMessage());
  }

  @Test
  void onlyAnAcknowledgementIsTakenForOne() {
    Ack.check(Ack.encode());
    assertEquals(
        "answer of 1 bytes where an acknowledgement was due",
        assertThrows(MessageException.class, () -> Ack.check(PingMessage.encode())).getMessage());
  }

  @Test
  void unknownAndEmptyMessagesAreRefused() {
    assertEquals(
        "message refused: unknown type 77",
        assertThrows(MessageException.class, () -> MessageType.of(ByteBuffer.wrap(new byte[] {77})))
            .getMessage());
    assertEquals(
        "message refused: it is empty",
        assertThrows(MessageException.class, () -> MessageType.of(ByteBuffer.allocate(0)))
            .getMessage());
    assertEquals(
        "message of type PING where PUSH was due",
        assertThrows(MessageException.class, () -> PushMessage.decode(PingMessage.encode()))
            .getMessage());
  }

  @Test
  void everyLengthButTheRightOneIsRefused() {
    Push push =
        new Push(
            ATTEMPT,
            StepKey.of(1, 2),
            new TreeNode(3, 4),
            5,
            Contribution.of(6, 1),
            FloatBuffer.wrap(new float[3]));
    refusesOtherLengths(encode(push), PushMessage::decode);
    Pull pull = new Pull(ATTEMPT, 2, 2, Pull.NO_OUTCOMES, FloatBuffer.allocate(3));
    refusesOtherLengths(PullMessage.of(pull).encode(), PullMessage::decode);
    refusesOtherLengths(
        PullReplyMessage.prepare(PullMessage.of(pull), Wire::allocate),
        bytes -> PullReplyMessage.decode(bytes, pull));
    refusesOtherLengths(
        NormsMessage.encode(
            new ShardNorms(
                ATTEMPT,
                5,
                0,
                2,
                new NormPartials(3, 9, List.of(new GroupSum(0, new TreeNode(0, 3), 0.1))))),
        NormsMessage::decode);
    refusesOtherLengths(new AbortMessage(ATTEMPT, "because").encode(), AbortMessage::decode);
    refusesOtherLengths(new LeaveMessage(ATTEMPT, 1).encode(), LeaveMessage::decode);
    refusesOtherLengths(
        HelloMessage.encode("t"),
        bytes -> {
          HelloMessage.check(bytes, "t");
          return null;
        });
  }

  private static ByteBuffer encode(Push push) {
    return PushMessage.encode(
        push, FrameCodec.of(push.gradient(), WireFormat.FLOAT32), Wire::allocate);
  }

  private static void refusesOtherLengths(ByteBuffer good, Function<ByteBuffer, ?> decode) {
    byte[] bytes = bytes(good);
    Object unused = decode.apply(ByteBuffer.wrap(bytes));
    for (int length = 0; length < bytes.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(bytes, 0, length);
      assertThrows(MessageException.class, () -> decode.apply(cut), "length " + length);
    }
    ByteBuffer longer = ByteBuffer.allocate(bytes.length + 4).put(0, bytes);
    assertThrows(MessageException.class, () -> decode.apply(longer));
  }

  @Test
  void countsAndFieldsOutOfRangeAreRefused() {
    Push push =
        new Push(
            ATTEMPT,
            StepKey.of(1, 2),
            new TreeNode(3, 4),
            5,
            Contribution.of(6, 1),
            FloatBuffer.wrap(new float[1]));
    ByteBuffer count = encode(push).putInt(72, FrameLayout.FRAME + 1);
    assertEquals(
        "frame: floats=65537 is not in [0, 65536]",
        assertThrows(MessageException.class, () -> PushMessage.decode(count)).getMessage());
    ByteBuffer negative = encode(push).putInt(72, -1);
    assertEquals(
        "frame: floats=-1 is not in [0, 65536]",
        assertThrows(MessageException.class, () -> PushMessage.decode(negative)).getMessage());
    ByteBuffer level = encode(push).putInt(52, 31);
    assertTrue(
        assertThrows(MessageException.class, () -> PushMessage.decode(level))
            .getMessage()
            .contains("tree node level=31"));
    ByteBuffer examples = encode(push).putLong(32, -5);
    assertTrue(
        assertThrows(MessageException.class, () -> PushMessage.decode(examples))
            .getMessage()
            .contains("examples=-5"));
  }

  @Test
  void aMessageMayLieAnywhereInABufferOfAnyOrder() {
    Push push =
        new Push(
            ATTEMPT,
            StepKey.of(1, 2),
            new TreeNode(3, 4),
            5,
            Contribution.of(6, 1),
            FloatBuffer.wrap(new float[] {8}));
    byte[] bytes = bytes(encode(push));
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length + 10).order(ByteOrder.BIG_ENDIAN);
    buffer.put(3, bytes).position(3).limit(3 + bytes.length);
    assertEquals(push, PushMessage.decode(buffer));
    assertEquals(push, PushMessage.decode(Wire.own(buffer)));
  }

  @Test
  void addressesComeBackAsTheyWere() {
    NodeAddress address = new NodeAddress("4e-7", "fe80::1", 7077);
    assertEquals(address, NodeAddress.parse(address.text()));
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> NodeAddress.parse("host:12"))
            .getMessage()
            .contains("expected jvmId@host:port"));
    assertEquals(
        List.of(address), NodeAddress.roster(List.of(address, NodeAddress.parse(address.text()))));
  }

  private static byte[] bytes(ByteBuffer message) {
    byte[] bytes = new byte[message.remaining()];
    message.duplicate().get(bytes);
    return bytes;
  }
}
