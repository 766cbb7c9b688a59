package dev.lockstep.ps.transport.rpc;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientBootstrap;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.TransportServerBootstrap;

/**
 * Lets a connection read several frames at once, in place of Netty's 64 KiB: a frame that arrives
 * in one read is passed on without a copy, others are first copied together.
 *
 * <p>A partly received frame keeps whole read buffers in memory. So their length follows that of
 * the last reads, between 1 KiB and 1 MiB: a slow or unauthenticated connection gets short ones.
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
