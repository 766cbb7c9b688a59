package dev.lockstep.ps.transport.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.util.ReferenceCountUtil;
import java.util.Set;
import org.apache.spark.network.protocol.Message;
import org.apache.spark.network.util.TransportFrameDecoder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Reads along in front of network-common, which takes memory for frames of up to 2 GiB and answers
 * requests for files and streams: closes a connection at the first header of a frame that is too
 * long, of another type than is due, or whose two lengths disagree, before any memory is taken for
 * it. Belongs to one connection; all but {@link #allow} is for its network thread.
 *
 * <p>The header of a frame with a body, as network-common has it, big-endian:
 *
 * <pre>
 *  0        8      9         17     21
 *  | length | type | request | body | …
 * </pre>
 *
 * {@code length} is that of the whole frame, {@code body} of what follows.
 */
final class FrameGuard extends ChannelInboundHandlerAdapter {

  /** Longest body of an unauthenticated connection: Spark's authentication needs no more. */
  static final int MAX_UNAUTHENTICATED_BYTES = 16 * 1024;

  private static final Logger LOG = LoggerFactory.getLogger(FrameGuard.class);
  private static final String NAME = "lockstepGuard";

  private static final int TYPE_OFFSET = 8;
  private static final int BODY_OFFSET = 17;
  private static final int HEADER = 21;

  private final Set<Message.Type> types;
  private volatile int longest;

  /** The header in progress, and how many bytes of it are there. */
  private final byte[] header = new byte[HEADER];

  private int filled;

  /** Bytes of the frame in progress that are still to come after its header. */
  private int left;

  private boolean refused;

  private FrameGuard(int longest, Message.Type... types) {
    this.longest = longest;
    this.types = Set.of(types);
  }

  /** Of a connection that sends requests; unauthenticated until {@link #allow}. */
  static FrameGuard ofRequests() {
    return new FrameGuard(MAX_UNAUTHENTICATED_BYTES, Message.Type.RpcRequest);
  }

  /** Of a connection that sends answers. */
  static FrameGuard ofAnswers(int longest) {
    return new FrameGuard(longest, Message.Type.RpcResponse, Message.Type.RpcFailure);
  }

  /** Puts the guard where it sees what network-common sees: behind whatever decrypts. */
  void join(ChannelPipeline pipeline) {
    if (pipeline.get(TransportFrameDecoder.HANDLER_NAME) == null) {
      // Nothing is there yet; what decrypts will be put first.
      pipeline.addLast(NAME, this);
    } else {
      pipeline.addBefore(TransportFrameDecoder.HANDLER_NAME, NAME, this);
    }
  }

  /** Lets the other side of a guarded connection send frames with longer bodies. */
  static void allow(ChannelPipeline pipeline, int longest) {
    FrameGuard guard = pipeline.get(FrameGuard.class);
    if (guard != null) {
      guard.longest = longest;
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object read) {
    String wrong = refused ? "" : firstWrong((ByteBuf) read);
    if (wrong == null) {
      context.fireChannelRead(read);
      return;
    }
    ReferenceCountUtil.release(read);
    if (!refused) {
      refused = true;
      // Unauthenticated connections may come in any number, and must not fill the log.
      LOG.atLevel(longest == MAX_UNAUTHENTICATED_BYTES ? Level.INFO : Level.WARN)
          .log("connection with {} closed: {}", context.channel().remoteAddress(), wrong);
      var unused = context.close();
    }
  }

  /** What is wrong with the frames that begin in these bytes, or null. */
  private String firstWrong(ByteBuf bytes) {
    int at = bytes.readerIndex();
    int end = bytes.writerIndex();
    while (at < end) {
      if (left > 0) {
        int skipped = Math.min(left, end - at);
        left -= skipped;
        at += skipped;
      } else {
        int taken = Math.min(HEADER - filled, end - at);
        bytes.getBytes(at, header, filled, taken);
        filled += taken;
        at += taken;
        String wrong = filled == HEADER ? wrong() : wrongSoFar();
        if (wrong != null) {
          return wrong;
        }
      }
    }
    return null;
  }

  private String wrong() {
    long length = number(0, Long.BYTES);
    int body = (int) number(BODY_OFFSET, Integer.BYTES);
    String early = wrongSoFar();
    if (early != null) {
      return early;
    }
    if (length != HEADER + (long) body) {
      return "frame refused: length=" + length + " != " + HEADER + " + body=" + body;
    }
    filled = 0;
    left = body;
    return null;
  }

  /** As much of a header as is there is judged: the rest may never come. */
  private String wrongSoFar() {
    if (filled >= Long.BYTES) {
      long length = number(0, Long.BYTES);
      if (length < HEADER || length > HEADER + (long) longest) {
        return "frame refused: length=%d is not in [%d, %d]"
            .formatted(length, HEADER, HEADER + (long) longest);
      }
    }
    if (filled > TYPE_OFFSET && types.stream().noneMatch(t -> t.id() == header[TYPE_OFFSET])) {
      return "frame refused: type=" + header[TYPE_OFFSET] + ", due are " + types;
    }
    return null;
  }

  private long number(int at, int bytes) {
    long number = 0;
    for (int i = 0; i < bytes; i++) {
      number = number << Byte.SIZE | (header[at + i] & 0xFF);
    }
    return number;
  }
}
