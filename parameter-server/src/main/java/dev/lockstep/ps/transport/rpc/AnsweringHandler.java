package dev.lockstep.ps.transport.rpc;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;

/** A {@link MessageHandler} whose answers may be as long as a frame. */
@FunctionalInterface
public interface AnsweringHandler {

  /**
   * Answers a message, as in {@link MessageHandler#receive}.
   *
   * @param request the message; the handler's to keep
   * @param memory for the answer: the handler's until the future completes, the server's from then
   *     on. What it gives is not zeroed
   */
  CompletableFuture<ByteBuffer> receive(ByteBuffer request, IntFunction<ByteBuffer> memory);
}
