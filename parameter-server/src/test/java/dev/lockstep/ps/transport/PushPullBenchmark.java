package dev.lockstep.ps.transport;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Push and pull of a model between two JVMs on the loopback interface, beside bare network-common
 * and a raw socket in the same run. Each side sends half a gradient and half of θ every step, and
 * receives as much: as many bytes each way as the model has. The three take turns, so that a
 * machine with other work to do slows all of them; the best of {@value #ROUNDS} rounds counts (the
 * first ones find much of the code not compiled yet).
 *
 * <pre>
 * mvn -q -pl .,parameter-server test-compile
 * mvn -q -pl .,parameter-server dependency:build-classpath \
 *     -Dmdep.outputFile=classpath.txt -Dmdep.includeScope=test
 * java -Xmx2g -Dio.netty.tryReflectionSetAccessible=true --add-opens=java.base/java.nio=ALL-UNNAMED \
 *     --add-opens=java.base/sun.nio.ch=ALL-UNNAMED -cp "parameter-server/target/classes:\
 * parameter-server/target/test-classes:$(cat parameter-server/classpath.txt)" \
 *     dev.lockstep.ps.transport.PushPullBenchmark
 * </pre>
 *
 * <p>{@code src/test/python/gloo_allreduce.py} measures the same exchange of PyTorch.
 */
public final class PushPullBenchmark {

  private static final int[] MODEL_BYTES = {1 << 20, 100 << 20};
  private static final int ROUNDS = 30;
  private static final long ROUND_BYTES = 200L << 20;

  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private PushPullBenchmark() {}

  /** One of the ways that are compared. */
  private enum Way {
    RAW("raw socket"),
    BARE("bare network-common"),
    OURS("push+pull");

    private final String title;

    Way(String title) {
      this.title = title;
    }

    Exchange open(int bytes) throws IOException {
      return switch (this) {
        case RAW -> new RawExchange(bytes);
        case BARE -> new BareExchange(bytes);
        case OURS -> new PushPullExchange(bytes);
      };
    }
  }

  /** Without arguments starts the other JVM, which is given a port. */
  public static void main(String[] args) throws Exception {
    if (args.length > 0) {
      try (Socket socket =
          new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]))) {
        compare(new Exchange.Control(socket));
      }
      return;
    }
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      List<String> command = new ArrayList<>(PeerMain.javaCommand(PushPullBenchmark.class));
      command.add(Integer.toString(listener.getLocalPort()));
      Process other =
          new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (Socket socket = listener.accept()) {
        compare(new Exchange.Control(socket));
      } finally {
        other.destroy();
      }
    }
  }

  /** Both JVMs do the same at the same time. */
  private static void compare(Exchange.Control control) throws Exception {
    control.socket().setTcpNoDelay(true);
    for (int bytes : MODEL_BYTES) {
      Map<Way, Exchange> exchanges = new EnumMap<>(Way.class);
      for (Way way : Way.values()) {
        Exchange exchange = way.open(bytes);
        exchange.connect(control.swap(exchange.address()));
        exchanges.put(way, exchange);
      }
      Map<Way, Rate> best = new EnumMap<>(Way.class);
      for (int round = 0; round < ROUNDS; round++) {
        for (Way way : Way.values()) {
          best.merge(way, rate(exchanges.get(way), bytes, control), Rate::better);
        }
      }
      for (Exchange exchange : exchanges.values()) {
        control.swap("close");
        exchange.close();
      }
      print(bytes, best);
    }
  }

  /**
   * How fast, and at what expense.
   *
   * @param bytes a second, each way
   * @param cpu CPU-seconds of this JVM for each GB each way; unlike the rate, other processes
   *     hardly change it
   */
  private record Rate(double bytes, double cpu) {

    Rate better(Rate other) {
      return new Rate(Math.max(bytes, other.bytes), Math.min(cpu, other.cpu));
    }
  }

  private static Rate rate(Exchange exchange, int bytes, Exchange.Control control)
      throws Exception {
    int steps = (int) (ROUND_BYTES / bytes);
    control.swap("begin");
    long cpuBefore = SYSTEM.getProcessCpuTime();
    long began = System.nanoTime();
    for (int i = 0; i < steps; i++) {
      exchange.step();
    }
    control.swap("end");
    double moved = (double) steps * bytes;
    double seconds = (System.nanoTime() - began) / 1e9;
    return new Rate(moved / seconds, (SYSTEM.getProcessCpuTime() - cpuBefore) / moved);
  }

  private static void print(int bytes, Map<Way, Rate> best) {
    for (Way way : Way.values()) {
      Rate rate = best.get(way);
      System.out.printf(
          Locale.ROOT,
          "model %5.1f MB  %-20s %5.2f GB/s each way  %4.2f of raw  %4.2f of bare  %4.2f CPU-s a GB%n",
          bytes / 1e6,
          way.title,
          rate.bytes / 1e9,
          rate.bytes / best.get(Way.RAW).bytes,
          rate.bytes / best.get(Way.BARE).bytes,
          rate.cpu);
    }
  }
}
