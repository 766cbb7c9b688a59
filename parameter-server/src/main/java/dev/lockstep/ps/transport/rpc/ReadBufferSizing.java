package dev.lockstep.ps.transport.rpc;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientBootstrap;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.TransportServerBootstrap;

/**
 * Lets a connection read several frames at once where they are there, in place of Netty's 64 KiB: a
 * frame that arrives in one piece is handed on as it lies, others are copied together first.
 *
 * <p>A partly received frame holds on to whole read buffers. So their length follows what the last
 * reads brought, between 1 KiB and 1 MiB, and a slow network, or a stranger, gets short ones.
 */
final class ReadBufferSizing implements TransportServerBootstrap, TransportClientBootstrap {

  private static final int SHORTEST = 1024;
  private static final int FIRST = 16 * 1024;
  private static final int LONGEST = 1024 * 1024;

  /** Reads of one channel before its thread looks at others: Netty's own number. */
  private static final int READS_AT_ONCE = 16;

  @Override
  public RpcHandler doBootstrap(Channel channel, RpcHandler handler) {
    set(channel);
    return handler;
  }

  @Override
  public void doBootstrap(TransportClient client, Channel channel) {
    set(channel);
  }

  private static void set(Channel channel) {
    // Netty sets this number on the allocator that it makes itself only.
    channel
        .config()
        .setRecvByteBufAllocator(
            new AdaptiveRecvByteBufAllocator(SHORTEST, FIRST, LONGEST)
                .maxMessagesPerRead(READS_AT_ONCE));
  }
}
