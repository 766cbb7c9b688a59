package dev.lockstep.ps.transport.rpc;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** What a {@link MessageServer} does with a message. */
@FunctionalInterface
public interface MessageHandler {

  /**
   * Answers a message. Called on one of the server's handler threads, by several at once; must not
   * block for long.
   *
   * @param request the message from position to limit; the handler's to keep
   * @return the answer, or a failure whose message the other side is told
   */
  CompletableFuture<ByteBuffer> receive(ByteBuffer request);
}
