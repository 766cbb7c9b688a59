package dev.lockstep.ps.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.Workers;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.WireFormat;
import dev.lockstep.ps.transport.message.AbortMessage;
import dev.lockstep.ps.transport.message.ChecksummedMessage;
import dev.lockstep.ps.transport.message.FrameCodec;
import dev.lockstep.ps.transport.message.HelloMessage;
import dev.lockstep.ps.transport.message.PushMessage;
import dev.lockstep.ps.transport.message.Wire;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Throws at live nodes whatever a stranger, or a broken program that knows the token, might, while
 * they train: the bits are those without it, and afterwards nothing is left of it.
 */
class FuzzTest {

  private static final Duration LENGTH =
      Duration.ofSeconds(Integer.getInteger("lockstep.fuzz.seconds", 5));
  private static final int NODES = 3;
  private static final int MOST_HELD = 150;
  private static final int PARAMETERS = FrameLayout.FRAME + 3 * ShardLayout.CHUNK + 5;
  private static final SimulatedTraining TRAINING =
      new SimulatedTraining(61, PARAMETERS, NODES, 4, new Clipping.GlobalNorm(0.5));
  private static final TransportSettings SETTINGS =
      TransportSettings.loopback()
          .withTimes(
              new TransportSettings.Times(
                  Duration.ofMillis(500), Duration.ofSeconds(5), Duration.ofSeconds(40)));

  /** Bounds of what may be left. */
  private static final long HEAP_LEFT = 32 << 20;

  private static final long DIRECT_LEFT = 32 << 20;
  private static final int THREADS_LEFT = 8;
  private static final int DESCRIPTORS_LEFT = 20;

  @Test
  void trainingGoesOnToTheSameBitsAndNothingIsLeft() throws Exception {
    fuzz(LENGTH, 1);
  }

  @Test
  @Tag("soak")
  void trainingGoesOnToTheSameBitsAndNothingIsLeftAfterAMinute() throws Exception {
    fuzz(Duration.ofMinutes(1), 2);
  }

  private static void fuzz(Duration length, long seed) throws Exception {
    float[] expected = TRAINING.expectedTheta();
    // Fills the arenas that Spark shares between all transports of a JVM, and loads classes.
    trainUnderFire(Duration.ofSeconds(1), new Attacker(seed), expected);
    awaitQuiet(THREADS_LEFT + Thread.activeCount());
    Use before = Use.now();
    Attacker attacker = new Attacker(seed + 100);
    int trainings = trainUnderFire(length, attacker, expected);
    System.out.printf("%d trainings under %s, before: %s%n", trainings, attacker.attacks, before);
    AtomicReference<Use> after = new AtomicReference<>();
    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(500))
        .until(
            () -> {
              after.set(Use.now());
              return after.get().isLittleMoreThan(before);
            });
    System.out.printf("after: %s%n", after.get());
    assertTrue(trainings > 1, "trainings=" + trainings);
    assertTrue(attacker.attacks.size() == Attack.values().length, attacker.attacks.toString());
  }

  private static void awaitQuiet(int most) {
    await().atMost(Duration.ofSeconds(15)).until(() -> Thread.activeCount() <= most);
  }

  private static int trainUnderFire(Duration length, Attacker attacker, float[] expected)
      throws Exception {
    long until = System.nanoTime() + length.toNanos();
    int trainings = 0;
    Thread thread = new Thread(attacker, "attacker");
    thread.setDaemon(true);
    thread.start();
    try {
      while (System.nanoTime() < until) {
        try (SocketCluster cluster = new SocketCluster(TRAINING, NODES, SETTINGS)) {
          attacker.target.set(cluster.roster());
          for (SimulatedTraining.Result result : Workers.run(cluster.tasks(NODES))) {
            assertArrayEquals(expected, result.theta());
          }
          trainings++;
        }
      }
    } finally {
      attacker.target.set(List.of());
      thread.join(TimeUnit.SECONDS.toMillis(20));
    }
    if (attacker.failure.isDone()) {
      attacker.failure.get();
    }
    return trainings;
  }

  /**
   * What this JVM holds.
   *
   * @param heap bytes after a collection
   * @param direct bytes of Netty's direct memory
   */
  private record Use(long heap, long direct, int threads, int descriptors) {

    static Use now() throws IOException {
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      int descriptors = 0;
      Path open = Path.of("/proc/self/fd");
      if (Files.isDirectory(open)) {
        try (var all = Files.list(open)) {
          descriptors = (int) all.count();
        }
      }
      return new Use(
          runtime.totalMemory() - runtime.freeMemory(),
          PlatformDependent.usedDirectMemory(),
          Thread.activeCount(),
          descriptors);
    }

    boolean isLittleMoreThan(Use before) {
      return heap <= before.heap + HEAP_LEFT
          && direct <= before.direct + DIRECT_LEFT
          && threads <= before.threads + THREADS_LEFT
          && descriptors <= before.descriptors + DESCRIPTORS_LEFT;
    }
  }

  /** What is thrown. */
  private enum Attack {
    RANDOM_BYTES,
    MUTATED_HELLO,
    CUT_HELLO,
    HUGE_LENGTH,
    OTHER_FRAME_TYPE,
    KNOWN_BUT_NONSENSE,
    KNOWN_BUT_MUTATED_PUSH,
    KNOWN_BUT_OF_ANOTHER_ATTEMPT,
    HALF_OPEN,
    FLOOD,
    SLOW_WRITER
  }

  /** One thread that attacks until there is no target; each kind of attack in turn, seeded. */
  private static final class Attacker implements Runnable {

    final AtomicReference<List<NodeAddress>> target = new AtomicReference<>();
    final Map<Attack, Integer> attacks = new EnumMap<>(Attack.class);
    final CompletableFuture<Void> failure = new CompletableFuture<>();
    private final SplittableRandom random;
    private final Deque<Socket> held = new ArrayDeque<>();
    private final ByteBuffer hello =
        frame(3, ChecksummedMessage.sealed(HelloMessage.encode("token")));

    Attacker(long seed) {
      this.random = new SplittableRandom(seed);
    }

    @Override
    public void run() {
      try {
        for (int i = 0; ; i++) {
          List<NodeAddress> nodes = target.get();
          if (nodes != null && nodes.isEmpty()) {
            return;
          }
          if (nodes != null) {
            Attack attack = List.of(Attack.values()).get(i % Attack.values().length);
            attack(attack, nodes.get(random.nextInt(nodes.size())));
            attacks.merge(attack, 1, Integer::sum);
          }
        }
      } catch (RuntimeException | Error e) {
        failure.completeExceptionally(e);
      } finally {
        held.forEach(Attacker::closeQuietly);
      }
    }

    private void attack(Attack attack, NodeAddress node) {
      int times = attack == Attack.FLOOD ? 30 : 1;
      for (int i = 0; i < times; i++) {
        Socket socket = new Socket();
        try {
          socket.connect(new InetSocketAddress(node.host(), node.port()), 2000);
          throwAt(socket, attack);
        } catch (IOException e) {
          // It was refused or ended: that is as it should be.
          closeQuietly(socket);
        }
        keepOrClose(socket);
      }
      if (attack == Attack.SLOW_WRITER) {
        for (Socket slow : held) {
          writeQuietly(slow, new byte[] {0});
        }
      }
    }

    private void keepOrClose(Socket socket) {
      if (random.nextInt(3) > 0) {
        closeQuietly(socket);
        return;
      }
      held.add(socket);
      if (held.size() > MOST_HELD) {
        closeQuietly(held.remove());
      }
    }

    private void throwAt(Socket socket, Attack attack) throws IOException {
      switch (attack) {
        case RANDOM_BYTES -> send(socket, ByteBuffer.wrap(bytes(1 + random.nextInt(5000))));
        case MUTATED_HELLO -> send(socket, mutated(hello));
        case CUT_HELLO -> send(socket, hello.slice(0, random.nextInt(hello.limit())));
        case HUGE_LENGTH ->
            send(
                socket,
                ByteBuffer.allocate(8).putLong(random.nextLong() >>> random.nextInt(64)).flip());
        case OTHER_FRAME_TYPE -> {
          send(socket, random.nextBoolean() ? hello : ByteBuffer.allocate(0));
          send(socket, frame(random.nextInt(256), ByteBuffer.wrap(bytes(random.nextInt(60)))));
        }
        case KNOWN_BUT_NONSENSE -> {
          send(socket, hello);
          for (int i = 0; i < 5; i++) {
            send(
                socket,
                frame(3, ChecksummedMessage.sealed(ByteBuffer.wrap(bytes(random.nextInt(300))))));
            send(socket, frame(3, ByteBuffer.wrap(bytes(random.nextInt(300)))));
          }
        }
        case KNOWN_BUT_MUTATED_PUSH -> {
          send(socket, hello);
          send(
              socket,
              frame(3, mutated(ChecksummedMessage.sealed(push(new AttemptId("run-1", 0).key())))));
        }
        case KNOWN_BUT_OF_ANOTHER_ATTEMPT -> {
          send(socket, hello);
          AttemptKey other = new AttemptKey(random.nextLong(), random.nextInt());
          send(socket, frame(3, ChecksummedMessage.sealed(push(other))));
          send(socket, frame(3, ChecksummedMessage.sealed(mutated(push(other)))));
          send(
              socket, frame(3, ChecksummedMessage.sealed(new AbortMessage(other, "you").encode())));
        }
        case SLOW_WRITER -> send(socket, hello.slice(0, 9));
        case HALF_OPEN, FLOOD -> {
          // Being there is all.
        }
      }
    }

    private ByteBuffer push(AttemptKey attempt) {
      FloatBuffer floats = FloatBuffer.allocate(50);
      for (int i = 0; i < 50; i++) {
        floats.put(i, random.nextInt());
      }
      Push push =
          new Push(
              attempt,
              StepKey.of(random.nextInt(4), 0),
              new TreeNode(0, random.nextInt(NODES)),
              0,
              Contribution.of(1, 0),
              floats);
      return PushMessage.encode(push, FrameCodec.of(floats, WireFormat.FLOAT32), Wire::allocate);
    }

    /** A few bits flipped, sometimes cut. */
    private ByteBuffer mutated(ByteBuffer message) {
      byte[] all = new byte[message.remaining()];
      message.duplicate().get(all);
      for (int i = random.nextInt(4); i >= 0; i--) {
        all[random.nextInt(all.length)] ^= (byte) (1 << random.nextInt(8));
      }
      int length = random.nextInt(4) == 0 ? random.nextInt(all.length) : all.length;
      return ByteBuffer.wrap(Arrays.copyOf(all, length));
    }

    private byte[] bytes(int length) {
      byte[] all = new byte[length];
      random.nextBytes(all);
      return all;
    }

    private static ByteBuffer frame(int type, ByteBuffer body) {
      return ByteBuffer.allocate(21 + body.remaining())
          .putLong(21 + body.remaining())
          .put((byte) type)
          .putLong(7)
          .putInt(body.remaining())
          .put(body.duplicate())
          .flip();
    }

    private static void send(Socket socket, ByteBuffer bytes) throws IOException {
      byte[] all = new byte[bytes.remaining()];
      bytes.duplicate().get(all);
      socket.getOutputStream().write(all);
    }

    private static void writeQuietly(Socket socket, byte[] bytes) {
      try {
        socket.getOutputStream().write(bytes);
      } catch (IOException e) {
        closeQuietly(socket);
      }
    }

    private static void closeQuietly(Socket socket) {
      try {
        socket.close();
      } catch (IOException e) {
        throw new IllegalStateException("a socket that does not close", e);
      }
    }
  }
}
