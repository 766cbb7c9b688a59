package dev.lockstep.ps.transport.message;

import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.TreeNode;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.function.IntFunction;

/**
 * A {@link Push} as bytes; the gradient is a {@link FrameCodec frame}.
 *
 * <pre>
 *  0        16     24          32         40        48      52      56      60      64          68
 *  | prefix | step | rateScale | examples | lossSum | epoch | level | index | frame | nonFinite | gradient
 * </pre>
 */
public final class PushMessage {

  private static final int STEP_OFFSET = MessagePrefix.LENGTH;
  private static final int RATE_OFFSET = STEP_OFFSET + Long.BYTES;
  private static final int EXAMPLES_OFFSET = RATE_OFFSET + Double.BYTES;
  private static final int LOSS_OFFSET = EXAMPLES_OFFSET + Long.BYTES;
  private static final int EPOCH_OFFSET = LOSS_OFFSET + Double.BYTES;
  private static final int LEVEL_OFFSET = EPOCH_OFFSET + Integer.BYTES;
  private static final int INDEX_OFFSET = LEVEL_OFFSET + Integer.BYTES;
  private static final int FRAME_OFFSET = INDEX_OFFSET + Integer.BYTES;
  private static final int NON_FINITE_OFFSET = FRAME_OFFSET + Integer.BYTES;
  private static final int GRADIENT_OFFSET = NON_FINITE_OFFSET + Integer.BYTES;

  private PushMessage() {}

  static int encodedLength(FrameCodec gradient) {
    return GRADIENT_OFFSET + gradient.encodedLength();
  }

  /**
   * The message, all of whose bytes are written, in memory of the given kind.
   *
   * @param gradient of the push
   */
  public static ByteBuffer encode(Push push, FrameCodec gradient, IntFunction<ByteBuffer> memory) {
    ByteBuffer bytes = memory.apply(encodedLength(gradient));
    MessagePrefix.encode(bytes, MessageType.PUSH, push.attempt());
    bytes.putLong(STEP_OFFSET, push.when().step());
    bytes.putDouble(RATE_OFFSET, push.when().rateScale());
    bytes.putInt(EPOCH_OFFSET, push.when().epoch());
    bytes.putInt(LEVEL_OFFSET, push.node().level());
    bytes.putInt(INDEX_OFFSET, push.node().index());
    bytes.putInt(FRAME_OFFSET, push.frame());
    bytes.putLong(EXAMPLES_OFFSET, push.sums().examples());
    bytes.putDouble(LOSS_OFFSET, push.sums().lossSum());
    bytes.putInt(NON_FINITE_OFFSET, push.sums().nonFinite());
    gradient.encode(bytes, GRADIENT_OFFSET);
    return bytes;
  }

  /** The push; its gradient may be a view of the message. */
  public static Push decode(ByteBuffer message) {
    ByteBuffer bytes =
        MessagePrefix.open(message, MessageType.PUSH, GRADIENT_OFFSET + FrameCodec.HEADER);
    FloatBuffer gradient = FrameCodec.decode(bytes, GRADIENT_OFFSET);
    return Wire.checked(
        () ->
            new Push(
                MessagePrefix.attempt(bytes),
                new StepKey(
                    bytes.getLong(STEP_OFFSET),
                    bytes.getInt(EPOCH_OFFSET),
                    bytes.getDouble(RATE_OFFSET)),
                new TreeNode(bytes.getInt(LEVEL_OFFSET), bytes.getInt(INDEX_OFFSET)),
                bytes.getInt(FRAME_OFFSET),
                new Contribution(
                    bytes.getLong(EXAMPLES_OFFSET),
                    bytes.getDouble(LOSS_OFFSET),
                    bytes.getInt(NON_FINITE_OFFSET)),
                gradient));
  }
}
