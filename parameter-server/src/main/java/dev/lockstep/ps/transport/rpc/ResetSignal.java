package dev.lockstep.ps.transport.rpc;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;

/** Ends a connection as a crash of the network does: both ends see a reset. */
final class ResetSignal {

  private ResetSignal() {}

  /** What was written and has not left is dropped. Does not block. */
  static void send(Channel channel) {
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    var unused = channel.close();
  }
}
