package dev.lockstep.ps.transport;

import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientFactory;
import org.apache.spark.network.server.OneForOneStreamManager;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;
import org.apache.spark.network.server.TransportServer;

/**
 * Messages as push and pull have them (256 KiB with a short answer, then short with an answer of
 * 256 KiB), on nothing but network-common: the same window, but one direct buffer that is sent
 * again and again, a server that answers on its network thread, and nobody who reads what arrives.
 */
final class BareExchange implements Exchange {

  private static final int MESSAGE = FrameLayout.FRAME * Float.BYTES;
  private static final int SHORT = 64;

  private final int messages;
  private final TransportContext context;
  private final TransportServer server;
  private final TransportClientFactory factory;
  private final ByteBuffer payload = ByteBuffer.allocateDirect(MESSAGE);
  private final ByteBuffer brief = ByteBuffer.allocateDirect(SHORT);
  private final Semaphore window = new Semaphore(ParameterClient.WINDOW);
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private TransportClient client;

  /** An exchange of so many bytes each way and step, rounded to whole messages. */
  BareExchange(int bytes) {
    this.messages = bytes / 2 / MESSAGE;
    this.context = new TransportContext(TransportSettings.loopback().conf(), new Answering());
    this.server = context.createServer("127.0.0.1", 0, List.of());
    this.factory = context.createClientFactory();
  }

  @Override
  public String address() {
    return Integer.toString(server.getPort());
  }

  @Override
  public void connect(String there) throws IOException, InterruptedException {
    client = factory.createUnmanagedClient("127.0.0.1", Integer.parseInt(there));
  }

  @Override
  public void step() throws InterruptedException {
    for (int i = 0; i < messages; i++) {
      send(payload);
    }
    for (int i = 0; i < messages; i++) {
      send(brief);
    }
    window.acquire(ParameterClient.WINDOW);
    window.release(ParameterClient.WINDOW);
    if (failure.get() != null) {
      throw new IllegalStateException(failure.get());
    }
  }

  private void send(ByteBuffer message) throws InterruptedException {
    window.acquire();
    client.sendRpc(
        message.duplicate(),
        new RpcResponseCallback() {
          @Override
          public void onSuccess(ByteBuffer response) {
            window.release();
          }

          @Override
          public void onFailure(Throwable e) {
            failure.set(e);
            window.release();
          }
        });
  }

  @Override
  public void close() {
    client.close();
    factory.close();
    server.close();
    context.close();
  }

  /** Answers a long message briefly and a short one at length. */
  private final class Answering extends RpcHandler {

    private final StreamManager noStreams = new OneForOneStreamManager();

    @Override
    public void receive(TransportClient from, ByteBuffer message, RpcResponseCallback callback) {
      callback.onSuccess((message.remaining() == MESSAGE ? brief : payload).duplicate());
    }

    @Override
    public StreamManager getStreamManager() {
      return noStreams;
    }
  }
}
