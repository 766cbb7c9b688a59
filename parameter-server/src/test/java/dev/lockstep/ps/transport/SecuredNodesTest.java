package dev.lockstep.ps.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.Workers;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.transport.rpc.MessageConnector;
import dev.lockstep.ps.transport.rpc.MessageLink;
import dev.lockstep.ps.transport.rpc.MessageServer;
import dev.lockstep.ps.transport.rpc.MessageServerTest;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.spark.network.util.MapConfigProvider;
import org.apache.spark.network.util.TransportConf;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nodes under each of Spark's ways of authenticating and encrypting, and who is kept out. */
class SecuredNodesTest {

  private static final String PASSWORD = "password-of-the-store";

  @TempDir private static Path folder;

  private static String keyStore;

  /** Spark's ways. */
  private enum Security {
    NONE(false),
    SASL(true),
    SASL_ENCRYPTED(true, "spark.authenticate.enableSaslEncryption", "true"),
    AES(true, "spark.network.crypto.enabled", "true", "spark.network.crypto.saslFallback", "false"),
    AES_GCM(
        true,
        "spark.network.crypto.enabled",
        "true",
        "spark.network.crypto.cipher",
        "AES/GCM/NoPadding"),
    TLS(false, "spark.ssl.rpc.enabled", "true"),
    TLS_AND_SECRET(true, "spark.ssl.rpc.enabled", "true");

    private final boolean hasSecret;

    @SuppressWarnings("ImmutableEnumChecker") // never changed once it is made
    private final Map<String, String> spark = new HashMap<>();

    Security(boolean hasSecret, String... settings) {
      this.hasSecret = hasSecret;
      for (int i = 0; i < settings.length; i += 2) {
        spark.put(settings[i], settings[i + 1]);
      }
    }

    boolean needsSpark4() {
      return isTls() || this == AES_GCM;
    }

    boolean isTls() {
      return spark.containsKey("spark.ssl.rpc.enabled");
    }

    TransportSettings settings(String secret) {
      Map<String, String> all = new HashMap<>(spark);
      all.put("spark.lockstep.io.serverThreads", "2");
      all.put("spark.lockstep.io.clientThreads", "2");
      all.put("spark.lockstep.io.connectionCreationTimeout", "10s");
      all.put("spark.lockstep.sasl.timeout", "10s");
      if (isTls()) {
        all.put("spark.ssl.rpc.keyStore", keyStore);
        all.put("spark.ssl.rpc.trustStore", keyStore);
        for (String what : new String[] {"keyStorePassword", "keyPassword", "trustStorePassword"}) {
          all.put("spark.ssl.rpc." + what, PASSWORD);
        }
      }
      TransportSettings plain = TransportSettings.loopback();
      return new TransportSettings(
          plain.endpoint(),
          new TransportConf(TransportSettings.MODULE, new MapConfigProvider(all)),
          hasSecret ? Optional.of(MessageServerTest.secret(secret)) : Optional.empty(),
          plain.times(),
          plain.interceptor());
    }
  }

  @BeforeAll
  static void makeKeys() throws Exception {
    Path store = folder.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                System.getProperty("java.home")
                    + File.separator
                    + "bin"
                    + File.separator
                    + "keytool",
                "-genkeypair",
                "-alias",
                "lockstep",
                "-keyalg",
                "EC",
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD,
                "-dname",
                "CN=lockstep")
            .redirectErrorStream(true)
            .start();
    String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(keytool.waitFor(30, TimeUnit.SECONDS) && keytool.exitValue() == 0, said);
    keyStore = store.toString();
  }

  /** Spark 3.5 has no TLS, and one cipher. */
  private static void assumeThere(Security security) {
    boolean isSpark4 =
        Arrays.stream(TransportConf.class.getMethods())
            .anyMatch(method -> method.getName().equals("sslRpcEnabled"));
    assumeTrue(isSpark4 || !security.needsSpark4(), security + " came with Spark 4");
  }

  @ParameterizedTest
  @EnumSource
  void sameBitsFromNodeToNode(Security security) throws Exception {
    assumeThere(security);
    SimulatedTraining training =
        new SimulatedTraining(71, 2 * FrameLayout.FRAME + 99, 3, 2, new Clipping.GlobalNorm(1));
    try (SocketCluster cluster = new SocketCluster(training, 2, security.settings("right"))) {
      for (SimulatedTraining.Result result : Workers.run(cluster.tasks(2))) {
        assertArrayEquals(training.expectedTheta(), result.theta());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void unauthenticatedPeersAreRefusedSoonAndTheServerServesItsOwn(Security security)
      throws Exception {
    assumeThere(security);
    try (MessageServer server = server(security.settings("right"));
        MessageConnector own = new MessageConnector(security.settings("right"));
        MessageLink link = own.connect(server.host(), server.port(), "token")) {
      for (Security other : Security.values()) {
        if (other.hasSecret == security.hasSecret && other.isTls() == security.isTls()) {
          continue; // the wrong secret follows
        }
        assertRefused(server, other.settings("right"), "token", "");
        assertAnswers(link);
      }
      if (security.hasSecret) {
        assertRefused(server, security.settings("wrong"), "token", "cannot connect to 127.0.0.1:");
        assertAnswers(link);
      }
      assertRefused(
          server, security.settings("right"), "foreign", "connection refused: wrong run token");
      assertAnswers(link);
      try (MessageLink late = own.connect(server.host(), server.port(), "token")) {
        assertAnswers(late);
      }
    }
  }

  private static void assertRefused(
      MessageServer server, TransportSettings stranger, String token, String why) {
    long began = System.nanoTime();
    try (MessageConnector connector = new MessageConnector(stranger)) {
      String message =
          assertThrows(
                  IOException.class, () -> connector.connect(server.host(), server.port(), token))
              .getMessage();
      assertTrue(message.contains("127.0.0.1:" + server.port()), message);
      assertTrue(message.contains(why), message);
    }
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    assertTrue(took.compareTo(Duration.ofSeconds(15)) < 0, took.toString());
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
