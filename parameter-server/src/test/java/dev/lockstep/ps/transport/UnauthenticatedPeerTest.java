package dev.lockstep.ps.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.transport.message.AbortMessage;
import dev.lockstep.ps.transport.message.ChecksummedMessage;
import dev.lockstep.ps.transport.message.FrameCodec;
import dev.lockstep.ps.transport.message.HelloMessage;
import dev.lockstep.ps.transport.message.LeaveMessage;
import dev.lockstep.ps.transport.message.NormsMessage;
import dev.lockstep.ps.transport.message.PullMessage;
import dev.lockstep.ps.transport.message.PullReplyMessage;
import dev.lockstep.ps.transport.message.PushMessage;
import dev.lockstep.ps.transport.rpc.MessageConnector;
import dev.lockstep.ps.transport.rpc.MessageLink;
import dev.lockstep.ps.transport.rpc.MessageServer;
import dev.lockstep.ps.transport.rpc.MessageServerTest;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What those cost and reach who do not know the run's token. */
class UnauthenticatedPeerTest {

  private static final TransportSettings SETTINGS = TransportSettings.loopback();
  private static final Duration SOON = Duration.ofSeconds(15);

  @Test
  void theServerListensAtItsOwnAddressOnly() throws Exception {
    try (MessageServer server = server(SETTINGS)) {
      assertThrows(ConnectException.class, () -> new Socket("127.0.0.2", server.port()).close());
      try (Socket known = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
        assertTrue(known.isConnected());
      }
    }
  }

  @Test
  void whoDoesNotSayHelloInTimeIsShownOut() throws Exception {
    Duration silence = Duration.ofSeconds(3);
    TransportSettings settings =
        SETTINGS.withTimes(
            new TransportSettings.Times(Duration.ofMillis(100), silence, Duration.ofSeconds(30)));
    try (MessageServer server = server(settings);
        MessageConnector connector = new MessageConnector(settings);
        MessageLink link = connector.connect(server.host(), server.port(), "token");
        Socket silent = new Socket(server.host(), server.port());
        Socket slow = new Socket(server.host(), server.port())) {
      long began = System.nanoTime();
      // As much of a frame's header as leaves all open.
      slow.getOutputStream().write(new byte[] {0, 0, 0, 0, 0, 0, 0, 65, 3});
      assertEquals(-1, end(silent));
      assertEquals(-1, end(slow));
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      assertTrue(took.compareTo(silence.dividedBy(2)) > 0, took.toString());
      // Whoever has said it stays, however quiet.
      assertAnswers(link);
    }
  }

  @Test
  void unauthenticatedConnectionsBeyondTheLimitAreClosed() throws Exception {
    int surplus = 40;
    TransportSettings patient =
        SETTINGS.withTimes(
            new TransportSettings.Times(
                Duration.ofSeconds(1), Duration.ofSeconds(60), Duration.ofSeconds(90)));
    List<SocketChannel> connections = new ArrayList<>();
    try (MessageServer server = server(patient);
        MessageConnector connector = new MessageConnector(patient);
        MessageLink link = connector.connect(server.host(), server.port(), "token")) {
      try {
        for (int i = 0; i < MessageServer.MAX_UNAUTHENTICATED + surplus; i++) {
          SocketChannel connection =
              SocketChannel.open(new InetSocketAddress(server.host(), server.port()));
          connection.configureBlocking(false);
          connections.add(connection);
        }
        await()
            .atMost(SOON)
            .until(
                () -> connections.stream().filter(UnauthenticatedPeerTest::hasEnded).count(),
                count -> count == surplus);
        assertAnswers(link);
      } finally {
        for (SocketChannel connection : connections) {
          connection.close();
        }
      }
      await()
          .atMost(SOON)
          .ignoreException(IOException.class)
          .untilAsserted(
              () -> {
                try (MessageLink late = connector.connect(server.host(), server.port(), "token")) {
                  assertAnswers(late);
                }
              });
    }
  }

  @Test
  void nothingHereReadsObjectsFromTheWire() throws Exception {
    for (Class<?> each :
        List.of(
            MessageServer.class,
            MessageConnector.class,
            MessageLink.class,
            ExecutorNode.class,
            ChecksummedMessage.class,
            FrameCodec.class,
            PushMessage.class,
            PullMessage.class,
            PullReplyMessage.class,
            NormsMessage.class,
            AbortMessage.class,
            LeaveMessage.class,
            HelloMessage.class)) {
      String code = code(each);
      for (String reader :
          List.of("java/io/ObjectInput", "com/esotericsoftware", "SerializerInst")) {
        assertTrue(!code.contains(reader), each + " uses " + reader);
      }
      assertTrue(code.contains(each.getSimpleName()));
    }
  }

  private static String code(Class<?> each) throws IOException {
    try (InputStream bytes = each.getResourceAsStream(each.getSimpleName() + ".class")) {
      return new String(bytes.readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  /** What reading brings until the other side ends the connection. */
  private static int end(Socket socket) throws IOException {
    socket.setSoTimeout((int) SOON.toMillis());
    try {
      return socket.getInputStream().read();
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      return -1;
    }
  }

  private static boolean hasEnded(SocketChannel socket) {
    try {
      return socket.read(ByteBuffer.allocate(1)) < 0;
    } catch (IOException e) {
      return true;
    }
  }

  private static void assertAnswers(MessageLink link) throws Exception {
    byte[] answer =
        link.request(ByteBuffer.wrap(new byte[] {3, 7}), MessageServerTest::bytes)
            .get(15, TimeUnit.SECONDS);
    assertEquals(7, answer[1]);
  }

  private static MessageServer server(TransportSettings settings) {
    return new MessageServer(settings, "token", CompletableFuture::completedFuture);
  }
}
