package dev.lockstep.ps.transport.rpc;

import dev.lockstep.ps.transport.message.Ack;
import dev.lockstep.ps.transport.message.HelloMessage;
import dev.lockstep.ps.transport.message.Wire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientBootstrap;
import org.apache.spark.network.client.TransportClientFactory;
import org.apache.spark.network.crypto.AuthClientBootstrap;
import org.apache.spark.network.server.OneForOneStreamManager;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;

/**
 * Opens links to {@link MessageServer}s; owns their network threads. Thread-safe; lives in an
 * executor or on the driver.
 */
public final class MessageConnector implements AutoCloseable {

  /** Of frames: many times what any answer needs. */
  private static final int LONGEST_ANSWER = 16 * Wire.MAX_MESSAGE_BYTES;

  private final TransportSettings settings;
  private final Traffic traffic;
  private final MessageBuffers buffers = new MessageBuffers();
  private final TransportContext context;
  private final TransportClientFactory factory;
  private final ConcurrentMap<TransportClient, MessageLink> links = new ConcurrentHashMap<>();

  /** A connector without links yet. */
  public MessageConnector(TransportSettings settings) {
    this(settings, new Traffic());
  }

  /** A connector that shares its counts of bytes. */
  public MessageConnector(TransportSettings settings, Traffic traffic) {
    this.settings = settings;
    this.traffic = traffic;
    this.context = new TransportContext(settings.conf(), new Watcher(), false, true);
    List<TransportClientBootstrap> bootstraps = new ArrayList<>();
    bootstraps.add(new ReadBufferSizing());
    bootstraps.add(
        (client, channel) -> FrameGuard.ofAnswers(LONGEST_ANSWER).join(channel.pipeline()));
    settings
        .authentication()
        .ifPresent(
            who ->
                bootstraps.add(new AuthClientBootstrap(settings.conf(), who.user(), who.keys())));
    this.factory = context.createClientFactory(bootstraps);
  }

  /**
   * Connects and proves the token. Blocks, at most for {@code
   * spark.lockstep.io.connectionCreationTimeout} and the silence bound.
   *
   * @throws IOException naming the address, if it cannot be reached or refuses
   */
  public MessageLink connect(String host, int port, String token)
      throws IOException, InterruptedException {
    TransportClient client;
    try {
      client = factory.createUnmanagedClient(host, port);
    } catch (IOException | RuntimeException e) {
      throw new IOException("cannot connect to " + host + ":" + port + ": " + e.getMessage(), e);
    }
    MessageLink link = new MessageLink(client, buffers, traffic, settings.interceptor());
    links.put(client, link);
    if (!client.isActive()) {
      link.closed();
    }
    try {
      link.request(HelloMessage.encode(token), Ack::check)
          .get(settings.times().silence().toMillis(), TimeUnit.MILLISECONDS);
      return link;
    } catch (ExecutionException e) {
      link.close();
      throw new IOException(host + ":" + port + ": " + Wire.describe(e), e);
    } catch (TimeoutException e) {
      link.close();
      throw new IOException(
          host + ":" + port + ": no answer to hello within " + settings.times().silence(), e);
    } catch (InterruptedException e) {
      link.close();
      throw e;
    }
  }

  /** Bytes of messages received and sent. */
  public Transferred transferred() {
    return traffic.total();
  }

  /** Closes all links; the threads end within a few seconds. */
  @Override
  public void close() {
    links.values().forEach(MessageLink::close);
    factory.close();
    context.close();
  }

  /** Sees connections end. */
  private final class Watcher extends RpcHandler {

    private final StreamManager noStreams = new OneForOneStreamManager();

    @Override
    public void receive(TransportClient client, ByteBuffer message, RpcResponseCallback callback) {
      callback.onFailure(new UnsupportedOperationException("this side only asks"));
    }

    @Override
    public StreamManager getStreamManager() {
      return noStreams;
    }

    @Override
    public void channelInactive(TransportClient client) {
      ended(client);
    }

    @Override
    public void exceptionCaught(Throwable cause, TransportClient client) {
      // network-common fails the requests next, and only then closes the connection.
      ended(client);
    }

    private void ended(TransportClient client) {
      MessageLink link = links.remove(client);
      if (link != null) {
        link.closed();
      }
    }
  }
}
