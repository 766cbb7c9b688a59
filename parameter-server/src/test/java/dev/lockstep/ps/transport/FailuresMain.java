package dev.lockstep.ps.transport;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.Workers;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.server.ShardSource;
import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.rpc.FaultyMessages;
import dev.lockstep.ps.transport.rpc.MessageConnector;
import dev.lockstep.ps.transport.rpc.MessageFault;
import dev.lockstep.ps.transport.rpc.MessageInterceptor;
import dev.lockstep.ps.transport.rpc.MessageLink;
import dev.lockstep.ps.transport.rpc.MessageServer;
import dev.lockstep.ps.transport.rpc.MessageServerTest;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Fails in many ways, with secrets that a test can look for, and prints all that it catches. */
public final class FailuresMain {

  static final String TOKEN = "4f3c-the-token-of-the-run-9b1e";
  static final String GUESS = "77aa-another-token-altogether-c0de";
  static final String SECRET = "d00d-what-spark-calls-the-secret-5eed";
  static final String END = "all failures are behind us";

  private static final AttemptId ATTEMPT = new AttemptId("run-1", 0);
  private static final TransportSettings SETTINGS =
      TransportSettings.loopback()
          .withTimes(
              new TransportSettings.Times(
                  Duration.ofMillis(100), Duration.ofSeconds(2), Duration.ofSeconds(3)));

  private FailuresMain() {}

  /** No arguments. */
  public static void main(String[] args) throws Exception {
    for (Map<String, String> spark :
        List.of(
            Map.<String, String>of(),
            Map.of(
                "spark.network.crypto.enabled", "true",
                "spark.network.crypto.saslFallback", "false"))) {
      TransportSettings secured =
          SETTINGS.withAuthentication(MessageServerTest.secret(SECRET), spark);
      TransportSettings guessing =
          SETTINGS.withAuthentication(MessageServerTest.secret(GUESS), spark);
      connect(secured, secured, TOKEN, TOKEN);
      connect(secured, secured, TOKEN, GUESS);
      connect(secured, guessing, TOKEN, TOKEN);
      connect(secured, SETTINGS, TOKEN, TOKEN);
    }
    print(SETTINGS);
    train(new MessageFault.Corrupt(77));
    train(new MessageFault.Reset());
    train(new MessageFault.Lose());
    registry();
    System.out.println(END);
    System.out.flush();
    System.exit(0);
  }

  private static void connect(
      TransportSettings there, TransportSettings here, String token, String said)
      throws InterruptedException {
    print(here);
    try (MessageServer server =
            new MessageServer(
                there,
                token,
                request -> CompletableFuture.failedFuture(new IllegalStateException("no")));
        MessageConnector connector = new MessageConnector(here);
        MessageLink link = connector.connect(server.host(), server.port(), said)) {
      print(
          link.request(ByteBuffer.allocate(5), answer -> null)
              .handle((answer, failure) -> failure)
              .get(10, TimeUnit.SECONDS));
    } catch (IOException | ExecutionException | TimeoutException e) {
      print(e);
    }
  }

  private static void train(MessageFault fault) throws InterruptedException {
    SimulatedTraining training = new SimulatedTraining(81, 9000, 2, 3, new Clipping.None());
    TransportSettings settings =
        SETTINGS.withInterceptor(
            new FaultyMessages(
                message ->
                    message.type() == MessageType.PUSH
                            && message.step() == 1
                            && message.moment() == MessageInterceptor.Moment.SENDING_REQUEST
                        ? fault
                        : MessageFault.PASS));
    ExecutorNode one = new ExecutorNode(ATTEMPT, TOKEN, settings, "jvm-1");
    ExecutorNode two = new ExecutorNode(ATTEMPT, TOKEN, settings, "jvm-2");
    List<NodeAddress> roster = List.of(one.address(), two.address());
    print(one);
    print(roster);
    try {
      Workers.run(List.of(task(one, roster, training, 0), task(two, roster, training, 1)));
    } catch (ExecutionException | TimeoutException e) {
      print(e);
    } finally {
      one.shutDown();
      two.shutDown();
    }
  }

  private static Callable<Void> task(
      ExecutorNode node, List<NodeAddress> roster, SimulatedTraining training, int worker) {
    node.retain(TOKEN);
    return () -> {
      try {
        node.start(
            roster,
            training.plan(),
            2,
            Protocol.SYNC,
            ShardSource.of(ModelState.fresh(training.theta())),
            0);
        print(training.work(node.client(), worker, worker + 1));
        node.finish();
      } catch (RuntimeException e) {
        print(e);
        // Closes without a word, as a task that was killed would.
      } finally {
        node.close();
      }
      return null;
    };
  }

  private static void registry() {
    ExecutorNode node = ExecutorNode.acquire(ATTEMPT, TOKEN, SETTINGS);
    try (node) {
      node.start(
          List.of(node.address()),
          new SimulatedTraining(81, 9000, 2, 3, new Clipping.None()).plan(),
          2,
          Protocol.SYNC,
          ShardSource.of(ModelState.fresh(new float[9000])),
          0);
      ExecutorNode unused = ExecutorNode.acquire(ATTEMPT, GUESS, SETTINGS);
    } catch (IllegalArgumentException | InterruptedException e) {
      print(e);
    }
    print(node.signal().cause().orElseThrow());
  }

  private static void print(Object what) {
    if (what instanceof Throwable failure) {
      failure.printStackTrace(System.out);
    }
    System.out.println(what);
  }
}
