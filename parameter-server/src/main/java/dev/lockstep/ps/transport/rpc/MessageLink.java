package dev.lockstep.ps.transport.rpc;

import dev.lockstep.ps.transport.message.Ack;
import dev.lockstep.ps.transport.message.ChecksummedMessage;
import dev.lockstep.ps.transport.message.MessageException;
import dev.lockstep.ps.transport.message.PingMessage;
import dev.lockstep.ps.transport.rpc.MessageBuffers.BufferLease;
import dev.lockstep.ps.transport.rpc.MessageInterceptor.Intercepted;
import dev.lockstep.ps.transport.rpc.MessageInterceptor.Moment;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.TransportClient;

/** One connection to a {@link MessageServer}. Thread-safe. */
public final class MessageLink implements AutoCloseable {

  private final TransportClient client;
  private final MessageBuffers buffers;
  private final Traffic traffic;
  private final Optional<MessageInterceptor> interceptor;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();

  MessageLink(
      TransportClient client,
      MessageBuffers buffers,
      Traffic traffic,
      Optional<MessageInterceptor> interceptor) {
    this.client = client;
    this.buffers = buffers;
    this.traffic = traffic;
    this.interceptor = interceptor;
  }

  /**
   * Sends a message. Does not block.
   *
   * @param request from position to limit; copied
   * @param read reads the answer, on a network thread: brief, and copies what it keeps
   * @return what {@code read} made of it; fails with a {@link MessageException} if the other side
   *     refused or the connection ended
   */
  public <T> CompletableFuture<T> request(ByteBuffer request, Function<ByteBuffer, T> read) {
    return request(request, ChecksummedMessage.sealed(request), read);
  }

  private <T> CompletableFuture<T> request(
      ByteBuffer request, ByteBuffer sealed, Function<ByteBuffer, T> read) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    AtomicBoolean answered = new AtomicBoolean();
    if (interceptor.isEmpty()) {
      send(sealed, read, answered, answer);
    } else {
      Runnable reset =
          () -> {
            ResetSignal.send(client.getChannel());
            // Fails, as a request in transit does.
            send(sealed, read, answered, answer);
          };
      interceptor
          .get()
          .intercept(
              new Intercepted(
                  Moment.SENDING_REQUEST,
                  request,
                  sealed,
                  client.getSocketAddress(),
                  bytes -> send(bytes, read, answered, answer),
                  reset));
    }
    return answer;
  }

  /**
   * Sends a request, or sends it again.
   *
   * @param answered whether an answer to it has been read: a second one would be written over what
   *     the caller, who waits no longer, has meanwhile made of the first
   */
  private <T> void send(
      ByteBuffer sealed,
      Function<ByteBuffer, T> read,
      AtomicBoolean answered,
      CompletableFuture<T> answer) {
    traffic.sent(ChecksummedMessage.length(sealed));
    client.sendRpc(
        sealed,
        new RpcResponseCallback() {
          @Override
          public void onSuccess(ByteBuffer response) {
            traffic.received(Math.max(0, ChecksummedMessage.length(response)));
            if (answered.getAndSet(true)) {
              return;
            }
            try {
              answer.complete(read.apply(ChecksummedMessage.open(response)));
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
            answered.set(true);
            answer.completeExceptionally(MessageException.received(failure));
          }
        });
  }

  /**
   * Sends a message that may be as long as a frame, from memory that is used again. Does not block.
   *
   * @param write makes the message, at once, all its bytes, in what it is given
   * @param read as in {@link #request(ByteBuffer, Function)}
   */
  public <T> CompletableFuture<T> request(
      Function<IntFunction<ByteBuffer>, ByteBuffer> write, Function<ByteBuffer, T> read) {
    BufferLease lease = buffers.lease();
    ChecksummedMessage sealed = new ChecksummedMessage(lease);
    ByteBuffer request = write.apply(sealed);
    return request(
        request,
        sealed.seal(request),
        answer -> {
          // An answer means that the request has left. After a failure its bytes may still be in
          // use: their memory is left to the garbage collector.
          lease.end();
          return read.apply(answer);
        });
  }

  /** Asks whether the other side lives; answered by its network threads. */
  public CompletableFuture<Void> ping() {
    return request(PingMessage.encode(), Ack::check);
  }

  /** Runs the action when either side has closed the connection; at once if it is closed. */
  public void onEnd(Runnable action) {
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
