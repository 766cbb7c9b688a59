package dev.lockstep.ps.transport;

import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.server.AttemptId;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Push and pull between two JVMs, against a raw loopback socket in the same run. Two workers, two
 * shards, plain SGD: every step each JVM sends half a gradient and half of θ to the other, and
 * receives as much. The raw socket carries the same number of bytes each way at once, in 256 KiB
 * writes from one array, which nobody reads into anything.
 *
 * <p>{@code java … PushPullBenchmark}; prints MB a second each way, best of {@value #ROUNDS}
 * rounds.
 */
public final class PushPullBenchmark {

  private static final int[] VECTOR_BYTES = {1 << 20, 100 << 20};
  private static final int ROUNDS = 5;
  private static final long ROUND_BYTES = 400L << 20;
  private static final int WRITE = 256 * 1024;
  private static final String TOKEN = "token";
  private static final String RAW = "raw ";

  private PushPullBenchmark() {}

  /** Without arguments starts the other JVM, which is given one. */
  public static void main(String[] args) throws Exception {
    if (args.length > 0) {
      other();
      return;
    }
    Process process =
        new ProcessBuilder(withArgument(PeerMain.javaCommand(PushPullBenchmark.class)))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader in = process.inputReader(StandardCharsets.UTF_8);
        ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var out = process.outputWriter(StandardCharsets.UTF_8);
      for (int bytes : VECTOR_BYTES) {
        ExecutorNode node = acquire(bytes);
        String there = next(in);
        out.write(node.address().text() + " " + there + " " + bytes + "\n");
        out.flush();
        double best = run(node, List.of(node.address(), NodeAddress.parse(there)), 0, bytes);
        out.write(RAW + listener.getLocalPort() + "\n");
        out.flush();
        double raw;
        try (Socket socket = listener.accept()) {
          raw = raw(socket);
        }
        System.out.printf(
            Locale.ROOT,
            "vector %5.1f MB: push+pull %6.0f MB/s each way, raw socket %6.0f MB/s each way%n",
            bytes / 1e6,
            best / 1e6,
            raw / 1e6);
      }
      out.write("end\n");
      out.flush();
    } finally {
      process.destroy();
    }
  }

  private static void other() throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (int expected : VECTOR_BYTES) {
      ExecutorNode node = acquire(expected);
      System.out.println(node.address().text());
      String[] words = in.readLine().split(" ", -1);
      List<NodeAddress> roster = List.of(NodeAddress.parse(words[0]), NodeAddress.parse(words[1]));
      run(node, roster, 1, Integer.parseInt(words[2]));
      String raw = in.readLine();
      try (Socket socket =
          new Socket(
              InetAddress.getLoopbackAddress(), Integer.parseInt(raw.substring(RAW.length())))) {
        raw(socket);
      }
    }
  }

  private static ExecutorNode acquire(int bytes) {
    return ExecutorNode.acquire(
        new AttemptId("benchmark", bytes), TOKEN, TransportSettings.loopback());
  }

  /** Bytes a second each way, of the best round. */
  private static double run(ExecutorNode node, List<NodeAddress> roster, int worker, int bytes)
      throws InterruptedException {
    int parameters = bytes / Float.BYTES;
    UpdatePlan plan =
        UpdatePlan.uniform(
            new ParameterLayout(List.of(new Block("0_W", 0, 0, parameters))),
            UpdateRule.of(new OptimizerSpec.Sgd(new Schedule.Fixed(0.1))),
            new Clipping.None());
    float[] theta = new float[parameters];
    float[] gradient = new float[parameters];
    Arrays.fill(gradient, 0.5f);
    try (node) {
      node.start(roster, plan, 2, theta, null, 0);
      ParameterClient client = node.client();
      int steps = (int) Math.max(4, ROUND_BYTES / bytes);
      double best = 0;
      long step = 0;
      for (int round = 0; round < ROUNDS; round++) {
        long before = node.transferred().out();
        long began = System.nanoTime();
        for (int i = 0; i < steps; i++, step++) {
          client.push(step, 0, new TreeNode(0, worker), 1, 0, gradient);
          client.pull(step, theta);
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        best = Math.max(best, (node.transferred().out() - before) / seconds);
      }
      node.finish();
      return best;
    }
  }

  /** Bytes a second each way, both ways at once. */
  private static double raw(Socket socket) throws IOException, InterruptedException {
    socket.setTcpNoDelay(true);
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
      new DataOutputStream(socket.getOutputStream()).writeByte(1);
      new DataInputStream(socket.getInputStream()).readFully(new byte[1]);
      long began = System.nanoTime();
      Thread writer =
          new Thread(
              () -> {
                try {
                  byte[] buffer = new byte[WRITE];
                  for (long sent = 0; sent < ROUND_BYTES; sent += WRITE) {
                    socket.getOutputStream().write(buffer);
                  }
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              });
      writer.start();
      byte[] buffer = new byte[WRITE];
      DataInputStream in = new DataInputStream(socket.getInputStream());
      for (long received = 0; received < ROUND_BYTES; received += WRITE) {
        in.readFully(buffer);
      }
      writer.join();
      best = Math.max(best, ROUND_BYTES / ((System.nanoTime() - began) / 1e9));
    }
    return best;
  }

  private static List<String> withArgument(List<String> command) {
    command.add("other");
    return command;
  }

  /** Addresses of the other JVM, between lines of its log. */
  private static String next(BufferedReader in) throws IOException {
    String line = in.readLine();
    while (line != null && !line.matches("[0-9a-f-]{36}@\\S+")) {
      line = in.readLine();
    }
    return line;
  }
}
