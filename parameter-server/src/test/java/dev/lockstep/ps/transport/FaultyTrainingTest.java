package dev.lockstep.ps.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.Workers;
import dev.lockstep.ps.client.AttemptAbortedException;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.rpc.FaultyMessages;
import dev.lockstep.ps.transport.rpc.MessageFault;
import dev.lockstep.ps.transport.rpc.MessageFaults;
import dev.lockstep.ps.transport.rpc.MessageInterceptor.Moment;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import dev.lockstep.ps.transport.rpc.WireMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Trainings of three nodes over sockets while messages meet with faults: the bits of θ are those
 * without faults, or all nodes end soon and say why.
 */
class FaultyTrainingTest {

  private static final int NODES = 3;
  private static final int STEPS = 6;
  private static final int PARAMETERS = 2 * FrameLayout.FRAME + 3 * ShardLayout.CHUNK + 5;
  private static final Duration WAIT = Duration.ofMillis(1200);
  private static final TransportSettings SETTINGS =
      TransportSettings.loopback()
          .withTimes(
              new TransportSettings.Times(Duration.ofMillis(100), Duration.ofSeconds(1), WAIT));

  /** What the design promises of a lost peer; a loaded machine needs some of it. */
  private static final Duration BOUND = Duration.ofSeconds(15);

  private static final SimulatedTraining TRAINING =
      new SimulatedTraining(51, PARAMETERS, NODES, STEPS, new Clipping.GlobalNorm(0.5));
  private static final float[] EXPECTED = TRAINING.expectedTheta();

  /** What is done to messages that must not change anything. */
  private enum Harmless {
    DUPLICATED {
      @Override
      MessageFault fault(SplittableRandom random) {
        return random.nextInt(3) == 0 ? new MessageFault.Duplicate() : MessageFault.PASS;
      }
    },
    DELAYED {
      @Override
      MessageFault fault(SplittableRandom random) {
        return random.nextInt(6) == 0 ? delay(random, 60) : MessageFault.PASS;
      }
    },
    /** Every message at its own time, so that most overtake others. */
    REORDERED {
      @Override
      MessageFault fault(SplittableRandom random) {
        return delay(random, 8);
      }
    },
    ALL_OF_THEM {
      @Override
      MessageFault fault(SplittableRandom random) {
        return random.nextBoolean() ? DUPLICATED.fault(random) : DELAYED.fault(random);
      }
    };

    abstract MessageFault fault(SplittableRandom random);

    private static MessageFault delay(SplittableRandom random, int most) {
      return new MessageFault.Delay(Duration.ofMillis(random.nextInt(most)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void sameBitsThoughMessagesAre(Harmless harmless) throws Exception {
    for (long seed = 0; seed < 4; seed++) {
      AtomicLong count = new AtomicLong();
      long scenario = seed;
      // Which message comes when is not ours to say; what becomes of the nth one is.
      MessageFaults faults =
          message ->
              message.type() == MessageType.HELLO
                  ? MessageFault.PASS
                  : harmless.fault(
                      new SplittableRandom(scenario * 1_000_003 + count.incrementAndGet()));
      try (SocketCluster cluster =
          new SocketCluster(
              TRAINING,
              NODES,
              TransportSettings.loopback().withInterceptor(new FaultyMessages(faults)))) {
        for (SimulatedTraining.Result result : Workers.run(cluster.tasks(NODES))) {
          assertArrayEquals(EXPECTED, result.theta(), "seed " + seed);
        }
      }
      assertTrue(count.get() > 3L * NODES * STEPS, count.toString());
    }
  }

  /** What ends an attempt. */
  private enum Harmful {
    LOST("no answer within 1.2 s|no answer for 1.0 s") {
      @Override
      MessageFault fault(SplittableRandom random) {
        return new MessageFault.Lose();
      }
    },
    RESET("its connection closed|onnection.* closed|reset|Broken pipe") {
      @Override
      MessageFault fault(SplittableRandom random) {
        return new MessageFault.Reset();
      }
    },
    CORRUPTED("message refused: checksum=\\p{XDigit}{8} != \\p{XDigit}{8} of its \\d+ bytes") {
      @Override
      MessageFault fault(SplittableRandom random) {
        return new MessageFault.Corrupt(random.nextInt());
      }
    };

    private final Pattern why;

    Harmful(String why) {
      this.why = Pattern.compile(why);
    }

    abstract MessageFault fault(SplittableRandom random);
  }

  @ParameterizedTest
  @EnumSource
  void allNodesEndAndSayWhyWhenAMessageIs(Harmful harmful) throws Exception {
    for (Moment moment : Moment.values()) {
      // At the same time: most of it is waiting.
      List<Callable<Void>> scenarios = new ArrayList<>();
      for (MessageType type : List.of(MessageType.PUSH, MessageType.PULL, MessageType.NORMS)) {
        scenarios.add(() -> endsAllNodes(harmful, moment, type));
      }
      List<Void> unused = Workers.run(scenarios);
    }
  }

  private static Void endsAllNodes(Harmful harmful, Moment moment, MessageType type)
      throws Exception {
    SplittableRandom random =
        new SplittableRandom((harmful + " " + moment + " " + type).hashCode());
    long step = random.nextLong(1, STEPS - 1);
    String scenario = type + " of step " + step + " at " + moment;
    OneFault fault = new OneFault(moment, type, step, harmful.fault(random));
    for (String message : failures(fault, scenario)) {
      assertTrue(harmful.why.matcher(message).find(), scenario + ": " + message);
    }
    assertEquals(1, fault.injected.get(), scenario);
    return null;
  }

  /** An answer to norms may be lost without harm: nobody waits for it. */
  private static boolean mayGoOn(OneFault fault) {
    return fault.type == MessageType.NORMS
        && fault.moment == Moment.SENDING_ANSWER
        && fault.fault instanceof MessageFault.Lose;
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
  void noFlippedBitEverGetsIn(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    Moment moment = List.of(Moment.values()).get(random.nextInt(3));
    MessageType type = random.nextBoolean() ? MessageType.PUSH : MessageType.PULL;
    int after = random.nextInt(NODES * STEPS);
    int bit = random.nextInt();
    AtomicInteger count = new AtomicInteger();
    MessageFaults faults =
        message ->
            message.moment() == moment && message.type() == type && count.getAndIncrement() == after
                ? new MessageFault.Corrupt(bit)
                : MessageFault.PASS;
    for (String message : failures(faults, "bit " + bit + " of " + type + " " + after)) {
      assertTrue(Harmful.CORRUPTED.why.matcher(message).find(), message);
    }
  }

  @ParameterizedTest
  @EnumSource
  void allNodesFinishOrNoneWhenALeaveMessageIs(Harmful harmful) throws Exception {
    for (Moment moment : Moment.values()) {
      OneFault fault =
          new OneFault(
              moment,
              MessageType.LEAVE,
              WireMessage.NONE,
              harmful.fault(new SplittableRandom(moment.name().hashCode())));
      long began = System.nanoTime();
      try (SocketCluster cluster =
          new SocketCluster(TRAINING, NODES, SETTINGS.withInterceptor(new FaultyMessages(fault)))) {
        for (String message : ends(cluster)) {
          assertTrue(
              message.isEmpty()
                  || message.contains("aborted: ")
                  || message.contains("no answer within"),
              message);
        }
      }
      assertSoon(began, "leave at " + moment);
      assertEquals(1, fault.injected.get());
    }
  }

  /** Injects a fault into the first message of a kind. */
  private static final class OneFault implements MessageFaults {

    final AtomicInteger injected = new AtomicInteger();
    private final Moment moment;
    private final MessageType type;
    private final long step;
    private final MessageFault fault;

    OneFault(Moment moment, MessageType type, long step, MessageFault fault) {
      this.moment = moment;
      this.type = type;
      this.step = step;
      this.fault = fault;
    }

    @Override
    public MessageFault faultOf(WireMessage message) {
      return message.moment() == moment
              && message.type() == type
              && message.step() == step
              && injected.compareAndSet(0, 1)
          ? fault
          : MessageFault.PASS;
    }
  }

  /** The messages that ended the workers, all of them, within the bound. */
  private static List<String> failures(MessageFaults faults, String scenario) throws Exception {
    long began = System.nanoTime();
    List<String> failures;
    try (SocketCluster cluster =
        new SocketCluster(TRAINING, NODES, SETTINGS.withInterceptor(new FaultyMessages(faults)))) {
      failures = ends(cluster);
    }
    assertSoon(began, scenario);
    if (faults instanceof OneFault fault && mayGoOn(fault)) {
      return failures.stream().filter(failure -> !failure.isEmpty()).toList();
    }
    for (String failure : failures) {
      assertTrue(!failure.isEmpty(), scenario + ": a worker came to its end");
    }
    return failures;
  }

  private static void assertSoon(long began, String scenario) {
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    assertTrue(took.compareTo(BOUND) < 0, scenario + " took " + took);
  }

  /** What ended each worker; empty for the right bits. */
  private static List<String> ends(SocketCluster cluster) throws Exception {
    List<Callable<String>> tasks = new ArrayList<>();
    for (Callable<SimulatedTraining.Result> task : cluster.tasks(NODES)) {
      tasks.add(
          () -> {
            try {
              assertArrayEquals(EXPECTED, task.call().theta());
              return "";
            } catch (AttemptAbortedException e) {
              return e.getMessage();
            }
          });
    }
    return Workers.run(tasks);
  }
}
