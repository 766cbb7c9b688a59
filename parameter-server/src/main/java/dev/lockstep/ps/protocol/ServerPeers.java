package dev.lockstep.ps.protocol;

/** What a {@code ShardServer} tells the rest of its attempt. Must not block. */
public interface ServerPeers {

  /** Sends this server's part of the norms to every other server that owns parameters. */
  void publish(ShardNorms norms);

  /** Says that the server has failed; no step will be completed any more. */
  void failed(Throwable cause);
}
