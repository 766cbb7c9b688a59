package dev.lockstep.ps.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.ps.SimulatedTraining;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Two JVMs on two hosts: network namespaces with a cable between them, made and removed here. Needs
 * Linux, root and iproute2; elsewhere it is skipped, with what the machine said.
 */
class PartitionTest {

  private static final Duration BOUND = Duration.ofSeconds(15);
  private static final int SILENCE_MILLIS = 4000;
  private static final int PARAMETERS = 100_000;
  private static final int ENDLESS = 1_000_000;

  private static final String TAG = Long.toString(ProcessHandle.current().pid(), 36);

  private final Host here = new Host("lka" + TAG, "va" + TAG, "10.231.7.1");
  private final Host there = new Host("lkb" + TAG, "vb" + TAG, "10.231.7.2");

  /** A network namespace with one interface. */
  private record Host(String name, String cable, String address) {

    PeerMain.Child peer(SimulatedTraining training, int worker, int attempt) throws IOException {
      return new PeerMain.Child(
          List.of("ip", "netns", "exec", name),
          training,
          worker,
          worker + 1,
          attempt,
          List.of(address, Integer.toString(SILENCE_MILLIS)));
    }

    void set(String state) throws Exception {
      ip("-n", name, "link", "set", cable, state);
    }

    long bytesReceived() throws Exception {
      return Long.parseLong(
          ip("netns", "exec", name, "cat", "/sys/class/net/" + cable + "/statistics/rx_bytes"));
    }
  }

  @BeforeEach
  void lay() throws Exception {
    String refusal;
    try {
      refusal = tryIp("netns", "add", here.name);
    } catch (IOException e) {
      refusal = e.getMessage();
    }
    assumeTrue(refusal.isEmpty(), "no network namespaces on this machine: " + refusal);
    ip("netns", "add", there.name);
    ip(
        "-n",
        here.name,
        "link",
        "add",
        here.cable,
        "type",
        "veth",
        "peer",
        "name",
        there.cable,
        "netns",
        there.name);
    for (Host host : List.of(here, there)) {
      ip("-n", host.name, "addr", "add", host.address + "/24", "dev", host.cable);
      host.set("up");
    }
  }

  @AfterEach
  void remove() throws Exception {
    for (Host host : List.of(here, there)) {
      String unused = tryIp("netns", "delete", host.name);
    }
  }

  @Test
  void bothSidesEndWithinTheBoundAndOnAHealedCableTheNextAttemptWorks() throws Exception {
    SimulatedTraining endless = PeerMain.training(PARAMETERS, ENDLESS, 2);
    try (PeerMain.Child one = here.peer(endless, 0, 0);
        PeerMain.Child two = there.peer(endless, 1, 0)) {
      begin(one, two);
      await().atMost(Duration.ofSeconds(60)).until(() -> here.bytesReceived() > 20L * PARAMETERS);
      there.set("down");
      long began = System.nanoTime();
      String end = one.outcome(BOUND.toSeconds());
      String otherEnd = two.outcome(BOUND.toSeconds());
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      assertTrue(took.compareTo(BOUND) < 0, took.toString());
      assertLost(end, two);
      assertLost(otherEnd, one);
    }
    there.set("up");
    SimulatedTraining training = PeerMain.training(PARAMETERS, 3, 2);
    try (PeerMain.Child one = here.peer(training, 0, 1);
        PeerMain.Child two = there.peer(training, 1, 1)) {
      begin(one, two);
      String hash = "done " + Arrays.hashCode(training.expectedTheta());
      assertEquals(hash, one.outcome(60));
      assertEquals(hash, two.outcome(60));
    }
  }

  private static void assertLost(String end, PeerMain.Child peer) {
    assertTrue(end.matches("failed (push of step|pull of version) \\d+, shard \\d .*"), end);
    assertTrue(end.contains("lost " + peer.address() + " (shard "), end);
    assertTrue(end.endsWith("no answer for " + SILENCE_MILLIS / 1000.0 + " s"), end);
  }

  private static void begin(PeerMain.Child one, PeerMain.Child two) throws IOException {
    List<NodeAddress> roster = List.of(one.address(), two.address());
    one.begin(roster);
    two.begin(roster);
  }

  /** What it writes. */
  private static String ip(String... arguments) throws Exception {
    Process process = start(arguments);
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0, out);
    return out.strip();
  }

  /** Why it failed; empty if it did not. */
  private static String tryIp(String... arguments) throws IOException, InterruptedException {
    Process process = start(arguments);
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return process.waitFor() == 0 ? "" : out.strip() + " (exit " + process.exitValue() + ")";
  }

  private static Process start(String... arguments) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(List.of("ip")));
    builder.command().addAll(List.of(arguments));
    return builder.redirectErrorStream(true).start();
  }
}
