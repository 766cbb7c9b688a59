package dev.lockstep.ps.transport.rpc;

import dev.lockstep.ps.transport.message.Ack;
import dev.lockstep.ps.transport.message.ChecksummedMessage;
import dev.lockstep.ps.transport.message.HelloMessage;
import dev.lockstep.ps.transport.message.MessageException;
import dev.lockstep.ps.transport.message.PingMessage;
import dev.lockstep.ps.transport.message.Wire;
import dev.lockstep.ps.transport.rpc.MessageBuffers.BufferLease;
import dev.lockstep.ps.transport.rpc.MessageInterceptor.Intercepted;
import dev.lockstep.ps.transport.rpc.MessageInterceptor.Moment;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.server.OneForOneStreamManager;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;

/**
 * Receives the requests of a {@link MessageServer} from network-common: authenticates connections,
 * answers pings, and passes all else to a handler. Its methods run on network threads.
 */
final class RequestReceiver extends RpcHandler {

  /**
   * Of a frame. A longer message is answered with a refusal, a longer frame ends the connection.
   */
  private static final int LONGEST_REQUEST = 2 * Wire.MAX_MESSAGE_BYTES;

  private final String token;
  private final AnsweringHandler handler;
  private final Executor handlers;
  private final ConnectionTable connections;
  private final Traffic traffic;
  private final MessageBuffers buffers = new MessageBuffers();
  private final Optional<MessageInterceptor> interceptor;

  /** Whether bytes leave in the order of writing: TLS and interceptors may queue them. */
  private final boolean keepsOrder;

  private final StreamManager noStreams = new OneForOneStreamManager();

  RequestReceiver(
      TransportSettings settings,
      String token,
      AnsweringHandler handler,
      Executor handlers,
      ConnectionTable connections,
      Traffic traffic) {
    this.token = Objects.requireNonNull(token, "token");
    this.handler = Objects.requireNonNull(handler, "handler");
    this.handlers = handlers;
    this.connections = connections;
    this.traffic = traffic;
    this.interceptor = settings.interceptor();
    this.keepsOrder = !settings.encryptsWithTls() && interceptor.isEmpty();
  }

  @Override
  public void receive(TransportClient client, ByteBuffer message, RpcResponseCallback callback) {
    traffic.received(Math.max(0, ChecksummedMessage.length(message)));
    if (interceptor.isEmpty()) {
      take(client, message, callback);
      return;
    }
    ByteBuffer whole = Wire.own(message);
    ByteBuffer request = ChecksummedMessage.peek(whole);
    RpcResponseCallback answer = new InterceptedAnswer(client, request, callback);
    intercept(
        Moment.HANDLING_REQUEST, client, request, whole, bytes -> take(client, bytes, answer));
  }

  private void take(TransportClient client, ByteBuffer message, RpcResponseCallback callback) {
    if (connections.isAuthenticated(client)) {
      answer(client, message, callback);
    } else {
      authenticate(client, message, callback);
    }
  }

  private void authenticate(
      TransportClient client, ByteBuffer message, RpcResponseCallback callback) {
    try {
      HelloMessage.check(ChecksummedMessage.peek(message), token);
      ChecksummedMessage.open(message);
      FrameGuard.allow(client.getChannel().pipeline(), LONGEST_REQUEST);
      connections.authenticate(client);
      reply(callback, Ack.encode());
    } catch (MessageException e) {
      callback.onFailure(MessageException.toSend(e));
      client.close();
    }
  }

  private void answer(TransportClient client, ByteBuffer message, RpcResponseCallback callback) {
    if (PingMessage.matches(ChecksummedMessage.peek(message))) {
      reply(callback, Ack.encode());
      return;
    }
    if (ChecksummedMessage.length(message) > Wire.MAX_MESSAGE_BYTES) {
      callback.onFailure(
          MessageException.toSend(
              new MessageException(
                  "message refused: %d bytes > %d"
                      .formatted(ChecksummedMessage.length(message), Wire.MAX_MESSAGE_BYTES))));
      return;
    }
    ByteBuffer request = Wire.own(message);
    try {
      handlers.execute(() -> handle(client, request, callback));
    } catch (RejectedExecutionException e) {
      callback.onFailure(MessageException.toSend(new MessageException("server is closed", e)));
    }
  }

  private void handle(TransportClient client, ByteBuffer request, RpcResponseCallback callback) {
    BufferLease lease = buffers.lease();
    ChecksummedMessage sealed = new ChecksummedMessage(keepsOrder ? lease : Wire::allocate);
    CompletableFuture<ByteBuffer> answer;
    try {
      answer = handler.receive(ChecksummedMessage.open(request), sealed);
    } catch (RuntimeException | Error e) {
      answer = CompletableFuture.failedFuture(e);
    }
    CompletableFuture<ByteBuffer> unused =
        answer.whenComplete(
            (bytes, failure) -> {
              if (failure != null) {
                // A failed handler may still be writing: its memory is not given back.
                callback.onFailure(MessageException.toSend(failure));
              } else {
                traffic.sent(bytes.remaining());
                callback.onSuccess(sealed.seal(bytes));
                if (!lease.isEmpty()) {
                  SentSignal.after(client.getChannel(), lease::end);
                }
              }
            });
  }

  private void reply(RpcResponseCallback callback, ByteBuffer bytes) {
    traffic.sent(bytes.remaining());
    callback.onSuccess(ChecksummedMessage.sealed(bytes));
  }

  @Override
  public StreamManager getStreamManager() {
    return noStreams;
  }

  @Override
  public void channelActive(TransportClient client) {
    connections.add(client);
  }

  @Override
  public void channelInactive(TransportClient client) {
    connections.remove(client);
  }

  private void intercept(
      Moment moment,
      TransportClient client,
      ByteBuffer request,
      ByteBuffer bytes,
      Consumer<ByteBuffer> forward) {
    interceptor
        .orElseThrow()
        .intercept(
            new Intercepted(
                moment,
                request,
                bytes,
                client.getSocketAddress(),
                forward,
                () -> ResetSignal.send(client.getChannel())));
  }

  /** Intercepts an answer. */
  private final class InterceptedAnswer implements RpcResponseCallback {

    private final TransportClient client;
    private final ByteBuffer request;
    private final RpcResponseCallback callback;

    InterceptedAnswer(TransportClient client, ByteBuffer request, RpcResponseCallback callback) {
      this.client = client;
      this.request = request;
      this.callback = callback;
    }

    @Override
    public void onSuccess(ByteBuffer answer) {
      intercept(Moment.SENDING_ANSWER, client, request, answer, callback::onSuccess);
    }

    @Override
    public void onFailure(Throwable failure) {
      callback.onFailure(failure);
    }
  }
}
