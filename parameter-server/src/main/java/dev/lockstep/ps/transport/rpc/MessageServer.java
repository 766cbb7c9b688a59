package dev.lockstep.ps.transport.rpc;

import dev.lockstep.ps.transport.message.Ack;
import dev.lockstep.ps.transport.message.ChecksummedMessage;
import dev.lockstep.ps.transport.message.HelloMessage;
import dev.lockstep.ps.transport.message.MessageException;
import dev.lockstep.ps.transport.message.PingMessage;
import dev.lockstep.ps.transport.message.Wire;
import dev.lockstep.ps.transport.rpc.MessageInterceptor.Intercepted;
import dev.lockstep.ps.transport.rpc.MessageInterceptor.Moment;
import io.netty.channel.Channel;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.crypto.AuthServerBootstrap;
import org.apache.spark.network.server.OneForOneStreamManager;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;
import org.apache.spark.network.server.TransportServer;
import org.apache.spark.network.server.TransportServerBootstrap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small secured request-answer endpoint on Spark's network-common. Lives in an executor or on the
 * driver. A connection whose first message does not prove the token is closed. Network threads only
 * copy bytes and answer pings; handlers run on threads of their own.
 *
 * <p>Whoever does not know the token costs little: frames of {@value
 * FrameGuard#LONGEST_OF_STRANGERS} bytes at most, for as long as a peer may be silent, and no more
 * than {@value #MOST_STRANGERS} of them at once.
 */
public final class MessageServer implements AutoCloseable {

  /**
   * Of frames: what is a little too long is answered, what is much too long ends the connection.
   */
  private static final int LONGEST_REQUEST = 2 * Wire.MAX_MESSAGE_BYTES;

  /** Connections at once that have not proved the token. */
  public static final int MOST_STRANGERS = 1024;

  private static final Duration LONGEST_BUSY = Duration.ofSeconds(10);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  private static final int HANDLER_THREADS =
      Math.max(2, Math.min(4, Runtime.getRuntime().availableProcessors()));

  private static final Logger LOG = LoggerFactory.getLogger(MessageServer.class);

  private final String token;
  private final Duration helloBound;
  private final AnsweringHandler handler;
  private final Traffic traffic;
  private final MessageBuffers buffers = new MessageBuffers();
  private final Optional<MessageInterceptor> interceptor;

  /** Whether bytes leave in the order of writing: TLS and interceptors may queue them. */
  private final boolean keepsOrder;

  private final String host;
  private final TransportContext context;
  private final TransportServer server;
  private final ExecutorService handlers;
  private final Set<TransportClient> connections = ConcurrentHashMap.newKeySet();
  private final Set<TransportClient> greeted = ConcurrentHashMap.newKeySet();
  private final AtomicLong lastWarning = new AtomicLong();

  /**
   * Listens at once.
   *
   * @param settings where, and how secured
   * @param token what peers must know
   * @param handler answers the messages
   */
  public MessageServer(TransportSettings settings, String token, MessageHandler handler) {
    this(settings, token, (request, memory) -> handler.receive(request), new Traffic());
    Objects.requireNonNull(handler, "handler");
  }

  /** A server whose answers may be long, and that shares its counts of bytes. */
  public MessageServer(
      TransportSettings settings, String token, AnsweringHandler handler, Traffic traffic) {
    this.token = Objects.requireNonNull(token, "token");
    this.helloBound = settings.times().silence();
    this.lastWarning.set(System.nanoTime() - 2 * helloBound.toNanos());
    this.handler = Objects.requireNonNull(handler, "handler");
    this.traffic = traffic;
    this.interceptor = settings.interceptor();
    this.keepsOrder = !settings.encryptsWithTls() && interceptor.isEmpty();
    this.host = settings.endpoint().host();
    this.handlers = Executors.newFixedThreadPool(HANDLER_THREADS, daemons("lockstep-handler"));
    this.context = new TransportContext(settings.conf(), new Receiver());
    List<TransportServerBootstrap> bootstraps = new ArrayList<>();
    bootstraps.add(new ReadBufferSizing());
    bootstraps.add(MessageServer::guard);
    settings
        .authentication()
        .ifPresent(who -> bootstraps.add(new AuthServerBootstrap(settings.conf(), who.keys())));
    boolean listens = false;
    try {
      this.server = listen(settings, bootstraps);
      listens = true;
    } finally {
      // Netty throws checked exceptions that Spark's methods do not declare: no catch would do.
      if (!listens) {
        handlers.shutdown();
        context.close();
      }
    }
  }

  /** A port of its own choice may be held by what is left of an earlier attempt, for a moment. */
  private TransportServer listen(
      TransportSettings settings, List<TransportServerBootstrap> bootstraps) {
    long deadline = System.nanoTime() + LONGEST_BUSY.toNanos();
    while (true) {
      try {
        return context.createServer(
            settings.endpoint().bindHost(), settings.endpoint().port(), bootstraps);
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        boolean isBusy =
            settings.endpoint().port() > 0 && String.valueOf(e.getMessage()).contains("in use");
        if (!isBusy || System.nanoTime() > deadline) {
          throw new IllegalStateException(
              "cannot listen on %s:%d: %s; free the port or give another one"
                  .formatted(
                      settings.endpoint().bindHost(), settings.endpoint().port(), e.getMessage()),
              e);
        }
        LockSupport.parkNanos(LOOK_AGAIN.toNanos());
      }
    }
  }

  /** What peers connect to. */
  public String host() {
    return host;
  }

  /** The bound port. */
  public int port() {
    return server.getPort();
  }

  /** The handler threads, for other work of the same kind. */
  public Executor executor() {
    return handlers;
  }

  /** Bytes of messages received and sent. */
  public Transferred transferred() {
    return traffic.total();
  }

  /** Waits a while for all peers to close their connections, so that no last answer is lost. */
  public void awaitSilence(Duration bound) {
    long deadline = System.nanoTime() + bound.toNanos();
    synchronized (connections) {
      try {
        long left = deadline - System.nanoTime();
        while (!connections.isEmpty() && left > 0) {
          TimeUnit.NANOSECONDS.timedWait(connections, left);
          left = deadline - System.nanoTime();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Frees the port and closes the connections; the threads end within a few seconds. */
  @Override
  public void close() {
    connections.forEach(TransportClient::close);
    server.close();
    handlers.shutdown();
    context.close();
  }

  private static RpcHandler guard(Channel channel, RpcHandler next) {
    FrameGuard.ofRequests().join(channel.pipeline());
    return next;
  }

  public static ThreadFactory daemons(String name) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
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

  /** The edge to network-common. Its methods run on network threads. */
  private final class Receiver extends RpcHandler {

    private final StreamManager noStreams = new OneForOneStreamManager();

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
      if (greeted.contains(client)) {
        answer(client, message, callback);
      } else {
        greet(client, message, callback);
      }
    }

    private void greet(TransportClient client, ByteBuffer message, RpcResponseCallback callback) {
      try {
        HelloMessage.check(ChecksummedMessage.peek(message), token);
        ChecksummedMessage.open(message);
        FrameGuard.allow(client.getChannel().pipeline(), LONGEST_REQUEST);
        greeted.add(client);
        if (!client.isActive()) {
          greeted.remove(client);
        }
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
                    "message refused: "
                        + ChecksummedMessage.length(message)
                        + " bytes > "
                        + Wire.MAX_MESSAGE_BYTES)));
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
      MessageBuffers.Loan loan = buffers.loan();
      ChecksummedMessage envelope = new ChecksummedMessage(keepsOrder ? loan : Wire::allocate);
      CompletableFuture<ByteBuffer> answer;
      try {
        answer = handler.receive(ChecksummedMessage.open(request), envelope);
      } catch (RuntimeException | Error e) {
        answer = CompletableFuture.failedFuture(e);
      }
      CompletableFuture<ByteBuffer> unused =
          answer.whenComplete(
              (bytes, failure) -> {
                if (failure != null) {
                  // Whoever failed may still be writing into the loan: it is not given back.
                  callback.onFailure(MessageException.toSend(failure));
                } else {
                  traffic.sent(bytes.remaining());
                  callback.onSuccess(envelope.seal(bytes));
                  if (!loan.isEmpty()) {
                    SentSignal.after(client.getChannel(), loan::end);
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
      if (connections.size() - greeted.size() >= MOST_STRANGERS) {
        warnOfStrangers(client);
        client.close();
        return;
      }
      connections.add(client);
      Future<?> unused =
          client
              .getChannel()
              .eventLoop()
              .schedule(() -> expectHello(client), helloBound.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** At most once for as long as such a crowd can stay. */
    private void warnOfStrangers(TransportClient client) {
      long now = System.nanoTime();
      long last = lastWarning.get();
      if (now - last > helloBound.toNanos() && lastWarning.compareAndSet(last, now)) {
        LOG.warn(
            "connections closed, that from {} and others: {} have not proved the run token yet",
            client.getSocketAddress(),
            MOST_STRANGERS);
      }
    }

    private void expectHello(TransportClient client) {
      if (!greeted.contains(client) && client.isActive()) {
        LOG.info(
            "connection from {} closed: it has not proved the run token within {} s",
            client.getSocketAddress(),
            helloBound.toMillis() / 1000.0);
        client.close();
      }
    }

    @Override
    public void channelInactive(TransportClient client) {
      greeted.remove(client);
      synchronized (connections) {
        connections.remove(client);
        connections.notifyAll();
      }
    }
  }
}
