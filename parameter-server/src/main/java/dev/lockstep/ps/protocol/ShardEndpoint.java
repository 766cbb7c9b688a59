package dev.lockstep.ps.protocol;

import java.util.concurrent.CompletableFuture;

/**
 * A parameter shard, wherever it is: the {@code ShardServer} itself in the same JVM, a link to it
 * elsewhere. Thread-safe; no method blocks. Refusals complete the future with a {@link
 * RefusedException}.
 */
public interface ShardEndpoint {

  /**
   * Adds a gradient. The push's buffer is free again when this method returns.
   *
   * @return completes when the shard has taken the push (not: when the step is done)
   */
  CompletableFuture<Void> push(Push push);

  /**
   * Fetches a frame of θ.
   *
   * @return completes when the step is in and the destination filled
   */
  CompletableFuture<PullReply> pull(Pull pull);

  /**
   * Hands over another server's part of the norms.
   *
   * @return completes when the shard has taken it
   */
  CompletableFuture<Void> norms(ShardNorms norms);
}
