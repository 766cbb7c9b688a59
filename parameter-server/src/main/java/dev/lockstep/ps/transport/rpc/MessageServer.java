package dev.lockstep.ps.transport.rpc;

import io.netty.channel.Channel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.crypto.AuthServerBootstrap;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.TransportServer;
import org.apache.spark.network.server.TransportServerBootstrap;

/**
 * A secured request-answer endpoint on Spark's network-common. Lives in an executor or on the
 * driver. A connection whose first message does not prove the token is closed. Network threads only
 * copy bytes and answer pings; handlers run on threads of their own.
 *
 * <p>An unauthenticated connection may send frames of at most {@value
 * FrameGuard#MAX_UNAUTHENTICATED_BYTES} bytes, for as long as a peer may be silent; there are at
 * most {@value #MAX_UNAUTHENTICATED} of them at once.
 */
public final class MessageServer implements AutoCloseable {

  /** Connections at once that have not proved the token. */
  public static final int MAX_UNAUTHENTICATED = 1024;

  private static final Duration LONGEST_BUSY = Duration.ofSeconds(10);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  private static final int HANDLER_THREADS =
      Math.max(2, Math.min(4, Runtime.getRuntime().availableProcessors()));

  private final Traffic traffic;
  private final String host;
  private final TransportContext context;
  private final TransportServer server;
  private final ExecutorService handlers;
  private final ConnectionTable connections;

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
    this.traffic = traffic;
    this.host = settings.endpoint().host();
    this.handlers =
        Executors.newFixedThreadPool(HANDLER_THREADS, DaemonThreads.named("lockstep-handler"));
    this.connections = new ConnectionTable(MAX_UNAUTHENTICATED, settings.times().silence());
    this.context =
        new TransportContext(
            settings.conf(),
            new RequestReceiver(settings, token, handler, handlers, connections, traffic));
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
    connections.awaitEmpty(bound);
  }

  /** Frees the port and closes the connections; the threads end within a few seconds. */
  @Override
  public void close() {
    connections.closeAll();
    server.close();
    handlers.shutdown();
    context.close();
  }

  private static RpcHandler guard(Channel channel, RpcHandler next) {
    FrameGuard.ofRequests().join(channel.pipeline());
    return next;
  }
}
