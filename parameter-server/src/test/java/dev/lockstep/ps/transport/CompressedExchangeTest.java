package dev.lockstep.ps.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.Workers;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.compress.Sparsifier;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.reduce.Rounding;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Compressed pushes over sockets: the bits of the training, and the bytes of a step. */
class CompressedExchangeTest {

  private static final int PARAMETERS = 4 * FrameLayout.FRAME;
  private static final int STEPS = 3;

  /**
   * A way to compress.
   *
   * @param bytesPerFloat of a push of half of θ, given how many virtual workers are summed in it
   */
  private record Case(String name, SimulatedTraining training, IntToDoubleFunction bytesPerFloat) {

    /** Bytes that a node of two sends in a step to push half of θ: mean over nodes and steps. */
    double pushed() {
      double bytes = 0;
      int half = training.virtualWorkers() / 2;
      for (int step = 0; step < STEPS; step++) {
        for (int node = 0; node < 2; node++) {
          int leaves = 0;
          for (int v = node * half; v < (node + 1) * half; v++) {
            leaves += training.examples(step, v) > 0 ? 1 : 0;
          }
          // Without an example nothing is sent.
          bytes += leaves == 0 ? 0 : bytesPerFloat.applyAsDouble(leaves);
        }
      }
      return bytes / (2 * STEPS) * training.parameters() / 2;
    }
  }

  @Test
  void sameBitsOverSocketsAndTheBytesOfTheFormula() throws Exception {
    for (int virtualWorkers : new int[] {2, 8}) {
      for (Case one : cases(virtualWorkers, PARAMETERS)) {
        double sent = bytesOfAStep(one.training, 2);
        // Half of θ is pushed to the other node, half of θ pulled by it.
        double expected = one.pushed() + PARAMETERS / 2.0 * Float.BYTES;
        assertEquals(expected, sent, expected * 0.02, one.name + " V=" + virtualWorkers);
      }
    }
  }

  @Test
  void whatIsExchangedIsTheSameInMemoryAsOverSockets() throws Exception {
    for (Case one : cases(8, PARAMETERS)) {
      Exchanged memory = exchanged(one.training, 1);
      assertEquals(exchanged(one.training, 2), memory, one.name);
      // Two workers push all of θ and pull all of θ in every step.
      double pushed = one.pushed() * 2 * 2 * STEPS;
      assertEquals(pushed, (double) memory.pushed(), pushed * 0.02, one.name);
      assertEquals(2L * STEPS * PARAMETERS * Float.BYTES, memory.pulled());
      assertEquals(memory.pushed() + memory.pulled(), memory.total());
    }
  }

  /** Two workers on one node or two; checks the bits as well. */
  private static Exchanged exchanged(SimulatedTraining training, int nodes) throws Exception {
    try (SocketCluster cluster = new SocketCluster(training, nodes, TransportSettings.loopback())) {
      for (SimulatedTraining.Result result : Workers.run(cluster.tasks(2))) {
        assertArrayEquals(training.expectedTheta(), result.theta());
      }
      long pushed = 0;
      long pulled = 0;
      for (ExecutorNode node : cluster.nodes) {
        pushed += node.exchanged().pushed();
        pulled += node.exchanged().pulled();
      }
      return new Exchanged(pushed, pulled);
    }
  }

  /** Prints bytes a step and node; the argument is the number of parameters. */
  public static void main(String[] args) throws Exception {
    int parameters = Integer.parseInt(args[0]);
    for (int virtualWorkers : new int[] {2, 8}) {
      for (Case one : cases(virtualWorkers, parameters)) {
        double pulls = parameters / 2.0 * Float.BYTES;
        System.out.printf(
            Locale.ROOT,
            "V=%d W=2 P=%d %-16s sent a node and step: %,d bytes; by formula %,d + %,d%n",
            virtualWorkers,
            parameters,
            one.name,
            Math.round(bytesOfAStep(one.training, 2)),
            Math.round(one.pushed()),
            Math.round(pulls));
      }
    }
    System.exit(0);
  }

  /**
   * Floats take 4 or 2 bytes, or there are entries of 6 bytes, or of 4 bytes and a bitmap. Entries
   * of n leaves at random places are 1 - (1 - ratio)^n of all.
   */
  private static List<Case> cases(int virtualWorkers, int parameters) {
    SimulatedTraining training =
        new SimulatedTraining(61, parameters, virtualWorkers, STEPS, new Clipping.None());
    List<Case> cases = new ArrayList<>();
    cases.add(new Case("none", training, n -> 4));
    cases.add(new Case("bfloat16", training.with(Rounding.BFLOAT16), n -> 2));
    cases.add(new Case("float16", training.with(Rounding.float16(64)), n -> 2));
    for (double ratio : new double[] {0.01, 0.1}) {
      cases.add(
          new Case(
              "top-k=" + ratio,
              training.with(new Sparsifier.TopK(ratio)),
              n -> bytesPerFloat(1 - Math.pow(1 - ratio, n))));
    }
    return cases;
  }

  private static double bytesPerFloat(double entries) {
    return Math.min(6 * entries, 4 * entries + 1.0 / Byte.SIZE);
  }

  /** Mean over nodes and steps; checks the bits as well. */
  private static double bytesOfAStep(SimulatedTraining training, int nodes) throws Exception {
    try (SocketCluster cluster = new SocketCluster(training, nodes, TransportSettings.loopback())) {
      for (SimulatedTraining.Result result : Workers.run(cluster.tasks(nodes))) {
        assertArrayEquals(training.expectedTheta(), result.theta());
      }
      long sent = 0;
      for (ExecutorNode node : cluster.nodes) {
        sent += node.transferred().out();
      }
      return (double) sent / nodes / training.steps();
    }
  }
}
