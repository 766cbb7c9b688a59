package dev.lockstep.ps.transport.rpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.transport.message.Ack;
import dev.lockstep.ps.transport.message.HelloMessage;
import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.message.Wire;
import dev.lockstep.ps.transport.rpc.TransportSettings.Authentication;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.network.sasl.SecretKeyHolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

public class MessageServerTest {

  private static final TransportSettings SETTINGS = TransportSettings.loopback();
  private static final Duration SOON = Duration.ofSeconds(15);
  private static final byte TYPE = MessageType.PUSH.code();

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 256 * 1024, Wire.MAX_MESSAGE_BYTES})
  void answersComeBackAndBytesAreCounted(int length) throws Exception {
    try (MessageServer server = echo(SETTINGS);
        MessageConnector connector = new MessageConnector(SETTINGS);
        MessageLink link = connector.connect(server.host(), server.port(), "token")) {
      byte[] bytes = new byte[length];
      new Random(length).nextBytes(bytes);
      bytes[0] = TYPE;
      for (int i = 0; i < 3; i++) {
        assertArrayEquals(bytes, ask(link, ByteBuffer.wrap(bytes)));
      }
      assertEquals(3L * length + HelloMessage.encodedLength(), server.transferred().in());
      assertEquals(3L * length + Ack.encodedLength(), server.transferred().out());
      assertEquals(server.transferred().in(), connector.transferred().out());
      assertEquals(server.transferred().out(), connector.transferred().in());
    }
  }

  @Test
  void aPortThatIsStillHeldForAMomentIsWaitedFor() throws Exception {
    MessageServer earlier =
        new MessageServer(SETTINGS, "token", request -> CompletableFuture.completedFuture(request));
    TransportSettings same = SETTINGS.withPort(earlier.port());
    CompletableFuture<MessageServer> later =
        CompletableFuture.supplyAsync(
            () ->
                new MessageServer(
                    same, "token", request -> CompletableFuture.completedFuture(request)));
    assertThrows(TimeoutException.class, () -> later.get(300, TimeUnit.MILLISECONDS));
    earlier.close();
    try (MessageServer server = later.get(20, TimeUnit.SECONDS)) {
      assertEquals(same.endpoint().port(), server.port());
    }
  }

  @Test
  void failuresCrossAsTheirMessage() throws Exception {
    MessageHandler failing =
        request -> CompletableFuture.failedFuture(new IllegalStateException("no such shard"));
    MessageHandler throwing =
        request -> {
          throw new IllegalStateException("broken");
        };
    for (MessageHandler handler : new MessageHandler[] {failing, throwing}) {
      try (MessageServer server = new MessageServer(SETTINGS, "token", handler);
          MessageConnector connector = new MessageConnector(SETTINGS);
          MessageLink link = connector.connect(server.host(), server.port(), "token")) {
        assertEquals(
            handler == failing ? "no such shard" : "broken",
            failure(link, ByteBuffer.wrap(new byte[] {TYPE})));
      }
    }
  }

  @Test
  void tooLongMessagesAreRefused() throws Exception {
    try (MessageServer server = echo(SETTINGS);
        MessageConnector connector = new MessageConnector(SETTINGS);
        MessageLink link = connector.connect(server.host(), server.port(), "token")) {
      byte[] tooLong = new byte[Wire.MAX_MESSAGE_BYTES + 1];
      tooLong[0] = TYPE;
      assertEquals(
          "message refused: 1048577 bytes > 1048576", failure(link, ByteBuffer.wrap(tooLong)));
      assertArrayEquals(new byte[] {TYPE}, ask(link, ByteBuffer.wrap(new byte[] {TYPE})));
    }
  }

  @Test
  void aWrongTokenIsRefusedAndTheConnectionClosed() throws Exception {
    try (MessageServer server = echo(SETTINGS);
        MessageConnector connector = new MessageConnector(SETTINGS)) {
      assertTrue(
          assertThrows(
                  IOException.class, () -> connector.connect(server.host(), server.port(), "guess"))
              .getMessage()
              .contains("connection refused: wrong run token"));
      // A peer that talks before it has said hello is not listened to.
      try (Socket socket = new Socket(server.host(), server.port())) {
        OutputStream out = socket.getOutputStream();
        out.write(new byte[] {0, 0, 0, 0, 0, 0, 0, 22, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 3});
        out.flush();
        socket.setSoTimeout((int) SOON.toMillis());
        byte[] answer = socket.getInputStream().readAllBytes();
        assertTrue(
            new String(answer, StandardCharsets.UTF_8)
                .contains("connection refused: the first message is not a hello"));
      }
    }
  }

  @Test
  void anAddressWhereNobodyListensIsNamed() throws Exception {
    int port;
    try (MessageServer server = echo(SETTINGS)) {
      port = server.port();
    }
    try (MessageConnector connector = new MessageConnector(SETTINGS)) {
      assertTrue(
          assertThrows(IOException.class, () -> connector.connect("127.0.0.1", port, "token"))
              .getMessage()
              .contains("cannot connect to 127.0.0.1:" + port));
    }
  }

  @Test
  void aLinkSeesItsServerGo() throws Exception {
    AtomicBoolean ended = new AtomicBoolean();
    MessageServer server =
        new MessageServer(SETTINGS, "token", request -> new CompletableFuture<>());
    try (MessageConnector connector = new MessageConnector(SETTINGS);
        MessageLink link = connector.connect(server.host(), server.port(), "token")) {
      link.onEnd(() -> ended.set(true));
      CompletableFuture<byte[]> unanswered =
          link.request(ByteBuffer.wrap(new byte[] {TYPE}), MessageServerTest::bytes);
      await().atMost(SOON).until(() -> server.transferred().in() > HelloMessage.encodedLength());
      server.close();
      await().atMost(SOON).untilTrue(ended);
      assertTrue(
          assertThrows(ExecutionException.class, () -> unanswered.get(15, TimeUnit.SECONDS))
              .getCause()
              .getMessage()
              .contains("closed"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sasl", "aes"})
  void sparksAuthenticationLetsInWhoKnowsTheSecretOnly(String kind) throws Exception {
    Map<String, String> spark =
        kind.equals("aes")
            ? Map.of(
                "spark.network.crypto.enabled", "true",
                "spark.network.crypto.saslFallback", "false")
            : Map.of();
    TransportSettings right = SETTINGS.withAuthentication(secret("right"), spark);
    TransportSettings wrong = SETTINGS.withAuthentication(secret("wrong"), spark);
    try (MessageServer server = echo(right);
        MessageConnector connector = new MessageConnector(right);
        MessageConnector stranger = new MessageConnector(wrong);
        MessageLink link = connector.connect(server.host(), server.port(), "token")) {
      byte[] bytes = new byte[300_000];
      new Random(1).nextBytes(bytes);
      bytes[0] = TYPE;
      assertArrayEquals(bytes, ask(link, ByteBuffer.wrap(bytes)));
      assertTrue(
          assertThrows(
                  IOException.class, () -> stranger.connect(server.host(), server.port(), "token"))
              .getMessage()
              .contains("cannot connect to 127.0.0.1:" + server.port()));
    }
  }

  @Test
  void settingsComeFromSparksEnvironment() throws Exception {
    SparkConf conf =
        new SparkConf()
            .setMaster("local[1]")
            .setAppName("settings")
            .set("spark.ui.enabled", "false")
            .set("spark.authenticate", "true")
            .set("spark.authenticate.secret", "secret")
            .set("spark.network.crypto.enabled", "true")
            .set("spark.lockstep.ps.pingTimeout", "5s")
            .set("spark.lockstep.io.mode", "NIO");
    try (JavaSparkContext spark = new JavaSparkContext(conf)) {
      assertEquals("local[1]", spark.master());
      TransportSettings settings = TransportSettings.of(SparkEnv.get());
      assertEquals(Duration.ofSeconds(5), settings.times().silence());
      assertEquals(Duration.ofSeconds(1), settings.times().pingEvery());
      assertEquals(Duration.ofMinutes(10), settings.times().waitBound());
      assertEquals("NIO", settings.conf().ioMode());
      assertEquals(2, settings.conf().serverThreads());
      assertEquals(10_000, settings.conf().connectionCreationTimeoutMs());
      assertTrue(settings.authentication().isPresent());
      try (MessageServer server = echo(settings);
          MessageConnector connector = new MessageConnector(settings);
          MessageLink link = connector.connect(server.host(), server.port(), "token")) {
        assertArrayEquals(new byte[] {TYPE}, ask(link, ByteBuffer.wrap(new byte[] {TYPE})));
        try (MessageConnector stranger = new MessageConnector(SETTINGS)) {
          assertThrows(
              IOException.class, () -> stranger.connect(server.host(), server.port(), "token"));
        }
      }
    }
  }

  @Test
  void timesThatContradictEachOtherAreRefused() {
    Duration second = Duration.ofSeconds(1);
    assertEquals(
        "spark.lockstep.ps.pingTimeout=PT1S <= spark.lockstep.ps.pingInterval=PT1S: a peer needs"
            + " time for at least one answer",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    SETTINGS.withTimes(
                        new TransportSettings.Times(second, second, Duration.ofSeconds(9))))
            .getMessage());
    assertEquals(
        "spark.lockstep.ps.waitTimeout=PT1S <= spark.lockstep.ps.pingTimeout=PT2S: lost peers must"
            + " be noticed before waits time out",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    SETTINGS.withTimes(
                        new TransportSettings.Times(second, Duration.ofSeconds(2), second)))
            .getMessage());
  }

  private static MessageServer echo(TransportSettings settings) {
    return new MessageServer(settings, "token", CompletableFuture::completedFuture);
  }

  private static byte[] ask(MessageLink link, ByteBuffer request) throws Exception {
    Function<ByteBuffer, byte[]> read = MessageServerTest::bytes;
    return link.request(request, read).get(15, TimeUnit.SECONDS);
  }

  private static String failure(MessageLink link, ByteBuffer request) {
    return assertThrows(ExecutionException.class, () -> ask(link, request)).getCause().getMessage();
  }

  public static byte[] bytes(ByteBuffer message) {
    byte[] bytes = new byte[message.remaining()];
    message.get(bytes);
    return bytes;
  }

  public static Authentication secret(String secret) {
    return new Authentication(
        "user",
        new SecretKeyHolder() {
          @Override
          public String getSaslUser(String appId) {
            return "user";
          }

          @Override
          public String getSecretKey(String appId) {
            return secret;
          }
        });
  }
}
