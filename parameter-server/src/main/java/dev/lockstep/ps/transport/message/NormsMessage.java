package dev.lockstep.ps.transport.message;

import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.clip.NormPartials.GroupSum;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.reduce.TreeNode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link ShardNorms} as bytes.
 *
 * <pre>
 *  0        16     24      28      32          36        40      44
 *  | prefix | step | round | shard | fromChunk | toChunk | count | sums
 *
 *  sum:  0       4       8       12             20
 *        | group | level | index | sumOfSquares |
 * </pre>
 */
public final class NormsMessage {

  private static final int STEP_OFFSET = MessagePrefix.LENGTH;
  private static final int ROUND_OFFSET = STEP_OFFSET + Long.BYTES;
  private static final int SHARD_OFFSET = ROUND_OFFSET + Integer.BYTES;
  private static final int FROM_OFFSET = SHARD_OFFSET + Integer.BYTES;
  private static final int TO_OFFSET = FROM_OFFSET + Integer.BYTES;
  private static final int COUNT_OFFSET = TO_OFFSET + Integer.BYTES;
  private static final int SUMS_OFFSET = COUNT_OFFSET + Integer.BYTES;

  private static final int GROUP_OFFSET = 0;
  private static final int LEVEL_OFFSET = GROUP_OFFSET + Integer.BYTES;
  private static final int INDEX_OFFSET = LEVEL_OFFSET + Integer.BYTES;
  private static final int SQUARES_OFFSET = INDEX_OFFSET + Integer.BYTES;
  private static final int SUM_LENGTH = SQUARES_OFFSET + Double.BYTES;

  private static final int MAX_SUMS = (Wire.MAX_MESSAGE_BYTES - SUMS_OFFSET) / SUM_LENGTH;

  private NormsMessage() {}

  static int encodedLength(ShardNorms norms) {
    return SUMS_OFFSET + norms.partials().sums().size() * SUM_LENGTH;
  }

  public static ByteBuffer encode(ShardNorms norms) {
    List<GroupSum> sums = norms.partials().sums();
    Wire.checkCount("NORMS: sums", sums.size(), MAX_SUMS);
    ByteBuffer bytes = Wire.allocate(encodedLength(norms));
    MessagePrefix.encode(bytes, MessageType.NORMS, norms.attempt());
    bytes.putLong(STEP_OFFSET, norms.step());
    bytes.putInt(ROUND_OFFSET, norms.round());
    bytes.putInt(SHARD_OFFSET, norms.shard());
    bytes.putInt(FROM_OFFSET, norms.partials().fromChunk());
    bytes.putInt(TO_OFFSET, norms.partials().toChunk());
    bytes.putInt(COUNT_OFFSET, sums.size());
    int at = SUMS_OFFSET;
    for (GroupSum sum : sums) {
      bytes.putInt(at + GROUP_OFFSET, sum.group());
      bytes.putInt(at + LEVEL_OFFSET, sum.node().level());
      bytes.putInt(at + INDEX_OFFSET, sum.node().index());
      bytes.putDouble(at + SQUARES_OFFSET, sum.sumOfSquares());
      at += SUM_LENGTH;
    }
    return bytes;
  }

  public static ShardNorms decode(ByteBuffer message) {
    ByteBuffer bytes = MessagePrefix.open(message, MessageType.NORMS, SUMS_OFFSET);
    int count = Wire.checkCount("NORMS: sums", bytes.getInt(COUNT_OFFSET), MAX_SUMS);
    MessagePrefix.checkLength(MessageType.NORMS, bytes, SUMS_OFFSET + (long) count * SUM_LENGTH);
    return Wire.checked(
        () -> {
          List<GroupSum> sums = new ArrayList<>(count);
          for (int at = SUMS_OFFSET; at < bytes.limit(); at += SUM_LENGTH) {
            sums.add(
                new GroupSum(
                    bytes.getInt(at + GROUP_OFFSET),
                    new TreeNode(bytes.getInt(at + LEVEL_OFFSET), bytes.getInt(at + INDEX_OFFSET)),
                    bytes.getDouble(at + SQUARES_OFFSET)));
          }
          return new ShardNorms(
              MessagePrefix.attempt(bytes),
              bytes.getLong(STEP_OFFSET),
              bytes.getInt(ROUND_OFFSET),
              bytes.getInt(SHARD_OFFSET),
              new NormPartials(bytes.getInt(FROM_OFFSET), bytes.getInt(TO_OFFSET), sums));
        });
  }
}
