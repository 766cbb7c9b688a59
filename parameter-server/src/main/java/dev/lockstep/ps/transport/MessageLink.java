package dev.lockstep.ps.transport;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.TransportClient;

/** One connection to a {@link MessageServer}. Thread-safe. */
public final class MessageLink implements AutoCloseable {

  private final TransportClient client;
  private final Traffic traffic;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();

  MessageLink(TransportClient client, Traffic traffic) {
    this.client = client;
    this.traffic = traffic;
  }

  /**
   * Sends a message. Does not block.
   *
   * @param request from position to limit; must not be changed until the answer is in
   * @param read reads the answer, on a network thread: brief, and copies what it keeps
   * @return what {@code read} made of it; fails with a {@link MessageException} if the other side
   *     refused or the connection ended
   */
  public <T> CompletableFuture<T> request(ByteBuffer request, Function<ByteBuffer, T> read) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    traffic.sent(request.remaining());
    client.sendRpc(
        request,
        new RpcResponseCallback() {
          @Override
          public void onSuccess(ByteBuffer response) {
            traffic.received(response.remaining());
            try {
              answer.complete(read.apply(response));
            } catch (RuntimeException | Error e) {
              answer.completeExceptionally(e);
            }
          }

          @Override
          public void onFailure(Throwable failure) {
            // A failed write is told before the connection's end: the end is the better reason.
            if (!client.isActive()) {
              closed();
            }
            answer.completeExceptionally(MessageException.received(failure));
          }
        });
    return answer;
  }

  /** Asks whether the other side lives; answered by its network threads. */
  CompletableFuture<Void> ping() {
    return request(PingMessage.encode(), Ack::check);
  }

  /** Runs the action when the connection has ended, whoever ended it; at once if it has already. */
  void onEnd(Runnable action) {
    CompletableFuture<Void> unused = closed.thenRun(action);
  }

  void closed() {
    closed.complete(null);
  }

  /** Ends the connection; unanswered requests fail. */
  @Override
  public void close() {
    client.close();
  }
}
