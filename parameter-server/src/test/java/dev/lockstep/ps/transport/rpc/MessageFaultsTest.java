package dev.lockstep.ps.transport.rpc;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.Workers;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.transport.SocketCluster;
import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.rpc.MessageInterceptor.Moment;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MessageFaultsTest {

  private static final int STEPS = 2;

  /** Supplies an interceptor to applications that say so. */
  public static final class NamedProvider implements MessageInterceptor.Provider {

    @Override
    public Optional<MessageInterceptor> interceptor(SparkConf conf) {
      return conf.contains("spark.test.intercept") ? Optional.of(message -> {}) : Optional.empty();
    }
  }

  @Test
  void everyMessageOfEveryStepIsSeenThreeTimes() throws Exception {
    Queue<WireMessage> seen = new ConcurrentLinkedQueue<>();
    SimulatedTraining training =
        new SimulatedTraining(
            31, 2 * (FrameLayout.FRAME + 9000), 2, STEPS, new Clipping.GlobalNorm(1));
    TransportSettings settings =
        TransportSettings.loopback()
            .withInterceptor(
                new FaultyMessages(
                    message -> {
                      seen.add(message);
                      return MessageFault.PASS;
                    }));
    try (SocketCluster cluster = new SocketCluster(training, 2, settings)) {
      for (SimulatedTraining.Result result : Workers.run(cluster.tasks(2))) {
        assertArrayEquals(training.expectedTheta(), result.theta());
      }
    }
    for (Moment moment : Moment.values()) {
      for (long step = 0; step < STEPS; step++) {
        // Two workers, each with two frames of the other's shard.
        assertEquals(List.of(0, 0, 1, 1), frames(seen, moment, MessageType.PUSH, step));
        assertEquals(List.of(0, 0, 1, 1), frames(seen, moment, MessageType.PULL, step));
        assertEquals(
            List.of(WireMessage.NONE, WireMessage.NONE),
            frames(seen, moment, MessageType.NORMS, step));
      }
      assertEquals(2, of(seen, moment, MessageType.HELLO));
      assertEquals(2, of(seen, moment, MessageType.LEAVE));
      assertTrue(of(seen, moment, MessageType.PING) > 0);
    }
    for (WireMessage message : seen) {
      boolean isTheta =
          message.type() == MessageType.PULL && message.moment() == Moment.SENDING_ANSWER;
      if (isTheta) {
        assertTrue(message.bytes() > 8000 * Float.BYTES, message.toString());
      } else if (message.type() != MessageType.PUSH) {
        assertTrue(message.bytes() < 500, message.toString());
      }
      assertTrue(message.peer().toString().contains("127.0.0.1"), message.toString());
    }
  }

  @Test
  void oneAnswerIsReadThoughTheRequestIsSentTwice() throws Exception {
    TransportSettings settings =
        TransportSettings.loopback()
            .withInterceptor(
                new FaultyMessages(
                    message ->
                        message.moment() == Moment.SENDING_REQUEST && message.bytes() == 2
                            ? new MessageFault.Duplicate()
                            : MessageFault.PASS));
    Queue<Byte> handled = new ConcurrentLinkedQueue<>();
    Queue<Byte> read = new ConcurrentLinkedQueue<>();
    MessageHandler handler =
        request -> {
          handled.add(request.get(1));
          return CompletableFuture.completedFuture(request);
        };
    try (MessageServer server = new MessageServer(settings, "token", handler);
        MessageConnector connector = new MessageConnector(settings);
        MessageLink link = connector.connect(server.host(), server.port(), "token")) {
      for (byte number : new byte[] {7, 8}) {
        ByteBuffer request = ByteBuffer.wrap(new byte[] {MessageType.PUSH.code(), number});
        assertTrue(
            link.request(request, answer -> read.add(answer.get(1))).get(15, TimeUnit.SECONDS));
      }
      await().atMost(Duration.ofSeconds(15)).until(() -> handled.size() == 4);
      // Answered behind all others, on the one connection.
      link.ping().get(15, TimeUnit.SECONDS);
    }
    assertEquals(List.of((byte) 7, (byte) 8), List.copyOf(read));
  }

  private static List<Integer> frames(
      Queue<WireMessage> seen, Moment moment, MessageType type, long step) {
    return seen.stream()
        .filter(each -> each.moment() == moment && each.type() == type && each.step() == step)
        .map(WireMessage::frame)
        .sorted()
        .toList();
  }

  private static long of(Queue<WireMessage> seen, Moment moment, MessageType type) {
    return seen.stream().filter(each -> each.moment() == moment && each.type() == type).count();
  }

  @Test
  void aProviderOnTheClassPathInstallsAnInterceptorAndWithoutOneThereIsNone(@TempDir Path folder)
      throws Exception {
    SparkConf conf =
        new SparkConf().setMaster("local[1]").setAppName("faults").set("spark.ui.enabled", "false");
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(
        services.resolve(MessageInterceptor.Provider.class.getName()),
        NamedProvider.class.getName());
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (JavaSparkContext spark = new JavaSparkContext(conf);
        URLClassLoader jars = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
      SparkEnv env = spark.sc().env();
      SparkConf settings = env.conf();
      settings.set("spark.test.intercept", "yes");
      assertEquals(Optional.empty(), TransportSettings.of(env).interceptor());
      thread.setContextClassLoader(jars);
      assertTrue(TransportSettings.of(env).interceptor().isPresent());
      settings.remove("spark.test.intercept");
      assertEquals(Optional.empty(), TransportSettings.of(env).interceptor());
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
