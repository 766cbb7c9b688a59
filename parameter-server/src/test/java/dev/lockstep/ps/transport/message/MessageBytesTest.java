package dev.lockstep.ps.transport.message;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.clip.NormPartials.GroupSum;
import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.PullReply;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.WireFormat;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The bytes of every message, which a change of the protocol version may change and nothing else.
 */
class MessageBytesTest {

  private static final AttemptKey ATTEMPT = new AttemptKey(0x0102030405060708L, 9);
  private static final String RUN_AND_ATTEMPT = "0807060504030201" + "09000000";

  /** A message, its announced length, and the bytes it must have. */
  private record Golden(MessageType type, ByteBuffer message, int encodedLength, String... hex) {
    @Override
    public String toString() {
      return type.toString();
    }
  }

  @ParameterizedTest
  @MethodSource("messages")
  void everyMessageHasItsBytesAndItsEncodedLength(Golden golden) {
    byte[] bytes = new byte[golden.message.remaining()];
    golden.message.duplicate().get(bytes);
    assertEquals(String.join("", golden.hex), HexFormat.of().formatHex(bytes));
    assertEquals(golden.encodedLength, bytes.length);
    assertEquals(golden.type, MessageType.of(golden.message));
  }

  @Test
  void theTableHasEveryType() {
    Set<MessageType> types = messages().stream().map(Golden::type).collect(Collectors.toSet());
    assertEquals(EnumSet.allOf(MessageType.class), types);
  }

  @Test
  void aMessageFollowsItsChecksum() {
    ByteBuffer sealed = ChecksummedMessage.sealed(Ack.encode());
    byte[] bytes = new byte[sealed.remaining()];
    sealed.get(bytes);
    assertEquals("a62346b3" + "02", HexFormat.of().formatHex(bytes));
  }

  static List<Golden> messages() {
    FloatBuffer gradient = FloatBuffer.wrap(new float[] {1});
    FrameCodec frame = FrameCodec.of(gradient, WireFormat.FLOAT32);
    Push push =
        new Push(ATTEMPT, StepKey.of(1, 2), new TreeNode(3, 4), 5, Contribution.of(6, 1), gradient);
    Pull pull = new Pull(ATTEMPT, 13, 3, 12, FloatBuffer.allocate(2));
    ByteBuffer answer = PullReplyMessage.prepare(PullMessage.of(pull), Wire::allocate);
    PullReplyMessage.destination(answer).put(new float[] {1, -2});
    PullReply reply =
        new PullReply(64, List.of(new StepOutcome(12, new Contribution(64, 1.25, 3), 0.5)));
    ShardNorms norms =
        new ShardNorms(
            ATTEMPT,
            5,
            1,
            2,
            new NormPartials(3, 9, List.of(new GroupSum(1, new TreeNode(2, 1), 0.25))));
    AbortMessage abort = new AbortMessage(ATTEMPT, "é");
    return List.of(
        new Golden(MessageType.PING, PingMessage.encode(), PingMessage.encodedLength(), "01"),
        new Golden(MessageType.ACK, Ack.encode(), Ack.encodedLength(), "02"),
        new Golden(
            MessageType.PUSH,
            PushMessage.encode(push, frame, Wire::allocate),
            PushMessage.encodedLength(frame),
            "03000000" + RUN_AND_ATTEMPT,
            "0100000000000000", // step
            "000000000000f03f", // rateScale
            "0600000000000000", // examples
            "000000000000f03f", // lossSum
            "02000000", // epoch
            "03000000" + "04000000", // level, index
            "05000000", // frame
            "ffffffff", // nonFinite
            "00000000" + "01000000" + "01000000", // dense float32, floats, entries
            "0000803f"),
        new Golden(
            MessageType.PULL,
            PullMessage.of(pull).encode(),
            PullMessage.encodedLength(),
            "04000000" + RUN_AND_ATTEMPT,
            "0d00000000000000", // version
            "0c00000000000000", // outcomesFrom
            "03000000" + "02000000"), // frame, count
        new Golden(
            MessageType.PULL_REPLY,
            PullReplyMessage.encode(answer, reply),
            PullReplyMessage.encodedLength(2, 1),
            "05000000" + RUN_AND_ATTEMPT,
            "0d00000000000000" + "4000000000000000", // asked, version
            "03000000" + "02000000" + "01000000", // frame, count, outcomes
            "0000803f" + "000000c0",
            "0c00000000000000" + "4000000000000000", // step, examples
            "000000000000f43f" + "000000000000e03f", // lossSum, gradientNorm
            "03000000"), // nonFinite
        new Golden(
            MessageType.NORMS,
            NormsMessage.encode(norms),
            NormsMessage.encodedLength(norms),
            "06000000" + RUN_AND_ATTEMPT,
            "0500000000000000", // step
            "01000000" + "02000000", // round, shard
            "03000000" + "09000000" + "01000000", // fromChunk, toChunk, count
            "01000000" + "02000000" + "01000000", // group, level, index
            "000000000000d03f"), // sumOfSquares
        new Golden(
            MessageType.ABORT,
            abort.encode(),
            abort.encodedLength(),
            "07000000" + RUN_AND_ATTEMPT,
            "02000000" + "c3a9"), // bytes, reason
        new Golden(
            MessageType.LEAVE,
            new LeaveMessage(ATTEMPT, 4).encode(),
            LeaveMessage.encodedLength(),
            "08000000" + RUN_AND_ATTEMPT,
            "04000000"), // shard
        new Golden(
            MessageType.HELLO,
            HelloMessage.encode("secret"),
            HelloMessage.encodedLength(),
            "54534b4c" + "02000000", // magic, version
            "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"));
  }
}
