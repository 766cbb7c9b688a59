package dev.lockstep.ps.transport;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.server.ShardSource;
import dev.lockstep.ps.transport.rpc.DaemonThreads;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A worker in a JVM of its own: writes its address, reads the roster, trains, writes the hash of θ
 * or the message that ended it.
 */
public final class PeerMain {

  static final AttemptId ATTEMPT = new AttemptId("run-1", 0);
  private static final int NUMBERS = 6;
  private static final String DONE = "done ";
  private static final String FAILED = "failed ";

  private PeerMain() {}

  /**
   * Arguments: parameters, steps, virtual workers, the own span of them, the attempt; the address
   * to listen at, and the milliseconds of silence after which a peer is lost.
   */
  public static void main(String[] args) throws Exception {
    int[] numbers = Arrays.stream(args).limit(NUMBERS).mapToInt(Integer::parseInt).toArray();
    AttemptId attempt = new AttemptId(ATTEMPT.run(), numbers[NUMBERS - 1]);
    TransportSettings settings = at(args[NUMBERS], args[NUMBERS + 1]);
    SimulatedTraining training = training(numbers[0], numbers[1], numbers[2]);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    ExecutorNode node = ExecutorNode.acquire(attempt, SocketCluster.TOKEN, settings);
    try (node) {
      System.out.println(node.address().text());
      List<NodeAddress> roster =
          Arrays.stream(in.readLine().split(" ", -1)).map(NodeAddress::parse).toList();
      node.start(
          roster,
          training.plan(),
          training.virtualWorkers(),
          Protocol.SYNC,
          ShardSource.of(ModelState.fresh(training.theta())),
          0);
      float[] theta = training.work(node.client(), numbers[3], numbers[4]).theta();
      node.finish();
      System.out.println(DONE + Arrays.hashCode(theta));
    } catch (RuntimeException e) {
      System.out.println(FAILED + e.getMessage());
    }
  }

  private static TransportSettings at(String host, String silence) {
    TransportSettings settings = TransportSettings.loopback();
    return new TransportSettings(
        new TransportSettings.Endpoint(host, host, 0),
        settings.conf(),
        settings.authentication(),
        new TransportSettings.Times(
            Duration.ofMillis(200),
            Duration.ofMillis(Long.parseLong(silence)),
            settings.times().waitBound()),
        settings.interceptor());
  }

  static SimulatedTraining training(int parameters, int steps, int virtualWorkers) {
    return new SimulatedTraining(41, parameters, virtualWorkers, steps, new Clipping.None());
  }

  /** Such a JVM, seen from the test that started it. */
  static final class Child implements AutoCloseable {

    private static final ExecutorService READERS =
        Executors.newCachedThreadPool(DaemonThreads.named("child-reader"));

    private final Process process;
    private final CompletableFuture<NodeAddress> address;
    private final CompletableFuture<String> outcome;

    Child(SimulatedTraining training, int from, int to, Duration silence) throws IOException {
      this(
          List.of(),
          training,
          from,
          to,
          0,
          List.of("127.0.0.1", Long.toString(silence.toMillis())));
    }

    /**
     * A JVM of its own somewhere.
     *
     * @param where command that runs another one there
     * @param more arguments after the numbers
     */
    Child(
        List<String> where,
        SimulatedTraining training,
        int from,
        int to,
        int attempt,
        List<String> more)
        throws IOException {
      List<String> command = new ArrayList<>(where);
      command.addAll(javaCommand(PeerMain.class));
      for (int number :
          new int[] {
            training.parameters(), training.steps(), training.virtualWorkers(), from, to, attempt
          }) {
        command.add(Integer.toString(number));
      }
      command.addAll(more);
      this.process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
      // Not waited for here, so that several JVMs start at the same time.
      this.address = CompletableFuture.supplyAsync(() -> NodeAddress.parse(nextLine(out)), READERS);
      this.outcome = address.thenApplyAsync(started -> nextLine(out), READERS);
    }

    NodeAddress address() {
      return address.join();
    }

    void begin(List<NodeAddress> roster) throws IOException {
      String line = String.join(" ", roster.stream().map(NodeAddress::text).toList()) + "\n";
      process.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
    }

    /** What it wrote at its end. */
    String outcome(long seconds) throws Exception {
      return outcome.get(seconds, TimeUnit.SECONDS);
    }

    void kill() {
      process.destroyForcibly();
    }

    void hang() throws IOException, InterruptedException {
      new ProcessBuilder("kill", "-STOP", Long.toString(process.pid())).start().waitFor();
    }

    @Override
    public void close() {
      kill();
    }

    /** Log lines of the child may come in between; what it says to us begins in known ways. */
    private static String nextLine(BufferedReader out) {
      return out.lines()
          .filter(
              line ->
                  line.startsWith(DONE)
                      || line.startsWith(FAILED)
                      || line.matches("[0-9a-f-]{36}@\\S+"))
          .findFirst()
          .orElse(FAILED + "without a word");
    }
  }

  /** Runs a main class of the tests as this JVM runs. */
  static List<String> javaCommand(Class<?> main) {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator + "java");
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("--add-") || argument.startsWith("-Dio.netty"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-Xmx1g",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName()));
    return command;
  }
}
