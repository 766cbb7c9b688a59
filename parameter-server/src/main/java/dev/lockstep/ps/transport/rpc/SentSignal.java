package dev.lockstep.ps.transport.rpc;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;

/**
 * Tells when what was written to a connection has left this JVM. network-common says so of requests
 * only, not of answers.
 */
final class SentSignal {

  private SentSignal() {}

  /**
   * Runs the action once everything that this thread has written to the connection before is in the
   * operating system's hands, or has failed. Does not block; runs it on a network thread.
   */
  static void after(Channel channel, Runnable action) {
    // Writes leave in order, so an empty one behind the others has their end. It goes past all
    // handlers: those that encrypt would make bytes of it.
    ChannelHandlerContext outermost = channel.pipeline().firstContext();
    if (outermost != null) {
      outermost.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> action.run());
    }
  }
}
