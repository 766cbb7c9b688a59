package dev.lockstep.ps.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.SimulatedTraining.Optimizers;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.clip.NormPlan;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.Consistency;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.OnNonFinite;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.PullReply;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.RefusedException;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.ps.schedule.StepTime;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole trainings whose messages arrive in a seeded order: each frame of each push and pull is a
 * message of its own, in flight until the draw picks it, some of them delivered again then or much
 * later, among others that no honest worker would send. What the servers end with is compared with
 * the plainest computation from the gradients that were pushed.
 */
class InterleavingTest {

  private static final int V = 5;
  private static final int PARAMETERS = FrameLayout.FRAME + 3 * ShardLayout.CHUNK + 77;
  private static final int STEPS = 6;

  /** A training to be disturbed. */
  private record Scenario(
      long seed, Consistency consistency, Clipping clipping, Optimizers optimizers, int shards) {

    /** One of each kind, again and again. */
    static Scenario of(long seed) {
      Consistency consistency =
          switch ((int) (seed % 4)) {
            case 0 -> new Consistency.Sync();
            case 1 -> new Consistency.Bounded(1);
            case 2 -> new Consistency.Bounded(3);
            default -> new Consistency.Async(2L * V);
          };
      boolean wholeSteps = !(consistency instanceof Consistency.Async);
      boolean clips = seed % 8 >= 4 && wholeSteps;
      boolean layerwise = seed >= 12 && wholeSteps;
      return new Scenario(
          seed,
          consistency,
          clips ? new Clipping.GlobalNorm(0.5) : new Clipping.None(),
          layerwise ? Optimizers.LAYERWISE : Optimizers.ELEMENTWISE,
          1 + (int) (seed % 3));
    }
  }

  static List<Scenario> scenarios() {
    List<Scenario> all = new ArrayList<>();
    for (long seed = 0; seed < 24; seed++) {
      all.add(Scenario.of(seed));
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void everyPushCountsOnceWhateverTheOrder(Scenario scenario) {
    Disturbed run = new Disturbed(scenario);
    run.toTheEnd();
    assertEquals(List.of(), run.cluster.failures);
    assertArrayEquals(run.expectedTheta(), run.theta());
    assertTrue(run.refused > 0 && run.repeated > 0, "nothing was disturbed");
  }

  /** One virtual worker: pushes a step's frames, pulls θ, and only then goes on. */
  private static final class Worker {
    final int v;
    final float[] theta;
    long step;
    int unanswered;

    Worker(int v, float[] theta) {
      this.v = v;
      this.theta = theta.clone();
    }
  }

  private static final class Disturbed {
    private final Scenario scenario;
    private final Random random;
    private final SimulatedTraining training;
    private final MemoryCluster cluster;
    private final List<Worker> workers = new ArrayList<>();

    /** What is in flight. */
    private final List<Runnable> messages = new ArrayList<>();

    /** Gradients as pushed, by step and virtual worker; null where there are no examples. */
    private final float[][][] gradients = new float[STEPS][V][];

    private final Contribution[][] sums = new Contribution[STEPS][V];

    /** θ of the asynchronous mode, updated as each frame's pushes arrive. */
    private final Replay replay;

    private int refused;
    private int repeated;

    Disturbed(Scenario scenario) {
      this.scenario = scenario;
      this.random = new Random(scenario.seed);
      this.training =
          new SimulatedTraining(
              scenario.seed, PARAMETERS, V, STEPS, scenario.clipping, scenario.optimizers);
      this.cluster =
          new MemoryCluster(
              training,
              scenario.shards,
              new Protocol(scenario.consistency, OnNonFinite.SKIP),
              training.theta(),
              null,
              0);
      this.replay = new Replay(training);
      for (int v = 0; v < V; v++) {
        workers.add(new Worker(v, training.theta()));
      }
    }

    void toTheEnd() {
      workers.forEach(this::compute);
      while (!messages.isEmpty()) {
        // The last one takes the place of the one that is drawn.
        int drawn = random.nextInt(messages.size());
        Runnable message = messages.get(drawn);
        messages.set(drawn, messages.get(messages.size() - 1));
        messages.remove(messages.size() - 1);
        message.run();
      }
      for (Worker worker : workers) {
        assertEquals(STEPS, worker.step);
      }
    }

    private void compute(Worker worker) {
      int step = (int) worker.step;
      int examples = training.examples(step, worker.v);
      Contribution sum = Contribution.EMPTY;
      if (examples > 0) {
        float[] gradient = training.gradient(step, worker.v, worker.theta);
        boolean broken = random.nextInt(12) == 0;
        if (broken) {
          gradient[random.nextInt(PARAMETERS)] = random.nextBoolean() ? Float.NaN : 1 / 0f;
        }
        gradients[step][worker.v] = gradient;
        sum = new Contribution(examples, 0.5, broken ? worker.v : Contribution.FINITE);
      }
      sums[step][worker.v] = sum;
      eachFrame((shard, frame) -> send(worker, shard, frame));
    }

    private interface PerFrame {
      void accept(int shard, int frame);
    }

    private void eachFrame(PerFrame action) {
      for (int shard = 0; shard < scenario.shards; shard++) {
        for (int frame = 0; frame < cluster.layout.frames(shard); frame++) {
          action.accept(shard, frame);
        }
      }
    }

    private void send(Worker worker, int shard, int frame) {
      Push push = push(worker.step, worker.v, shard, frame);
      worker.unanswered++;
      boolean cutBefore = push.sums().examples() > 0 && random.nextInt(5) == 0;
      messages.add(
          () -> {
            if (cutBefore) {
              FloatBuffer cut = FloatBuffer.allocate(push.gradient().remaining() - 1);
              requireRefusal(
                  with(push, push.attempt(), push.when(), push.node(), push.sums(), cut),
                  shard,
                  "length=");
            }
            cluster.servers.get(shard).push(push).join();
            replay.arrived(push, shard, frame);
            answered(worker);
          });
      if (random.nextInt(3) == 0) {
        messages.add(() -> repeat(push, shard));
      }
      if (random.nextInt(4) == 0) {
        stray(push, shard);
      }
    }

    private Push push(long step, int v, int shard, int frame) {
      Contribution sum = sums[(int) step][v];
      FloatBuffer floats = FloatBuffer.allocate(0);
      if (sum.examples() > 0) {
        floats = slice(gradients[(int) step][v], shard, frame);
      }
      return new Push(
          MemoryCluster.ATTEMPT,
          StepKey.of(step, training.epoch(step)),
          new TreeNode(0, v),
          frame,
          sum,
          floats);
    }

    private FloatBuffer slice(float[] vector, int shard, int frame) {
      int begin = cluster.layout.begin(shard, frame);
      return FloatBuffer.wrap(vector, begin, cluster.layout.end(shard, frame) - begin);
    }

    /**
     * Delivers a push that is also delivered once more, before this or after it. If this one is the
     * first, the other is the repetition: so it must not count before the other has been sent.
     */
    private void repeat(Push push, int shard) {
      boolean wasIn = replay.has(push, shard);
      if (!wasIn) {
        messages.add(() -> repeat(push, shard));
        return;
      }
      repeated++;
      CompletableFuture<Void> taken = cluster.servers.get(shard).push(push);
      if (taken.isCompletedExceptionally()) {
        assertTrue(refusal(taken).contains("late"), refusal(taken));
      }
      TreeNode pair = new TreeNode(1, push.node().index() / 2);
      FloatBuffer floats =
          FloatBuffer.allocate(
              cluster.layout.end(shard, push.frame()) - cluster.layout.begin(shard, push.frame()));
      Contribution one = Contribution.of(1, 0);
      requireRefusal(
          with(push, push.attempt(), push.when(), pair, one, floats),
          shard,
          scenario.consistency instanceof Consistency.Async ? "one virtual worker" : "refused");
    }

    private void requireRefusal(Push push, int shard, String why) {
      CompletableFuture<Void> taken = cluster.servers.get(shard).push(push);
      assertTrue(taken.isCompletedExceptionally(), push.toString());
      assertInstanceOf(RefusedException.class, taken.handle((nothing, failure) -> failure).join());
      assertTrue(refusal(taken).contains(why), refusal(taken));
      refused++;
    }

    /** What is foreign, malformed or overlaps is refused, whenever it comes. */
    private void stray(Push good, int shard) {
      FloatBuffer floats = FloatBuffer.allocate(good.gradient().remaining() + 1);
      Contribution one = Contribution.of(1, 0);
      StepKey far = StepKey.of(good.when().step() + STEPS + 4, good.when().epoch());
      List<Push> bad =
          List.of(
              with(good, new AttemptId("run-2", 0).key(), good.when(), good.node(), one, floats),
              with(good, new AttemptId("run-1", 1).key(), good.when(), good.node(), one, floats),
              with(good, good.attempt(), far, good.node(), one, floats),
              with(good, good.attempt(), good.when(), new TreeNode(0, V), one, floats),
              with(good, good.attempt(), good.when(), new TreeNode(9, 0), one, floats));
      Push push = bad.get(random.nextInt(bad.size()));
      messages.add(() -> requireRefusal(push, shard, "refused"));
    }

    private static Push with(
        Push push,
        AttemptKey attempt,
        StepKey when,
        TreeNode node,
        Contribution sum,
        FloatBuffer floats) {
      return new Push(attempt, when, node, push.frame(), sum, floats);
    }

    private void answered(Worker worker) {
      if (--worker.unanswered > 0) {
        return;
      }
      worker.step++;
      long required =
          worker.step == STEPS
              ? STEPS
              : scenario.consistency instanceof Consistency.Async
                  ? 0
                  : Math.max(0, worker.step - scenario.consistency.stepsAhead());
      eachFrame((shard, frame) -> pull(worker, required, shard, frame));
    }

    private void pull(Worker worker, long required, int shard, int frame) {
      worker.unanswered++;
      Pull pull =
          new Pull(
              MemoryCluster.ATTEMPT,
              required,
              frame,
              Pull.NO_OUTCOMES,
              slice(worker.theta, shard, frame));
      messages.add(
          () -> {
            CompletableFuture<Void> unused =
                cluster.servers.get(shard).pull(pull).thenAccept(reply -> pulled(worker, reply));
          });
    }

    private void pulled(Worker worker, PullReply reply) {
      if (!(scenario.consistency instanceof Consistency.Async)) {
        long oldest = worker.step - scenario.consistency.stepsAhead();
        assertTrue(
            reply.version() >= oldest && reply.version() <= worker.step, reply + " at " + oldest);
      }
      if (--worker.unanswered == 0 && worker.step < STEPS) {
        messages.add(() -> compute(worker));
      }
    }

    float[] theta() {
      for (Worker worker : workers) {
        assertArrayEquals(workers.get(0).theta, worker.theta);
      }
      return workers.get(0).theta;
    }

    float[] expectedTheta() {
      if (scenario.consistency instanceof Consistency.Async) {
        return replay.theta;
      }
      float[] theta = training.theta();
      ShardOptimizer optimizer = new ShardOptimizer(training.plan(), 0, PARAMETERS);
      for (int step = 0; step < STEPS; step++) {
        Contribution total = Contribution.EMPTY;
        TreeReduction<float[]> sum = TreeReduction.ofVectors(new PairwiseTree(V));
        for (int v = 0; v < V; v++) {
          float[] gradient = gradients[step][v];
          sum.add(new TreeNode(0, v), gradient == null ? null : gradient.clone());
          total = total.plus(sums[step][v]);
        }
        if (total.nonFinite() == Contribution.FINITE) {
          update(optimizer, theta, sum.result(), total.examples(), step);
        }
      }
      return theta;
    }

    private void update(
        ShardOptimizer optimizer, float[] theta, float[] gradient, long examples, int step) {
      NormPlan norms = training.plan().normPlan();
      double[] values =
          norms.groups() == 0
              ? null
              : norms.norms(List.of(norms.partials(gradient, 0, PARAMETERS, examples)));
      training.update(optimizer, theta, gradient, examples, values, step);
    }

    /** Which pushes are in, and what asynchronous updates in their order give. */
    private final class Replay {
      private final float[] theta;
      private final ShardOptimizer optimizer;
      private final int[][] pushes;
      private final Set<String> in = new HashSet<>();

      Replay(SimulatedTraining training) {
        this.theta = training.theta();
        this.optimizer = new ShardOptimizer(training.plan(), 0, PARAMETERS);
        this.pushes = new int[scenario.shards][cluster.layout.frames(0) + 1];
      }

      boolean has(Push push, int shard) {
        return in.contains(key(push, shard));
      }

      private String key(Push push, int shard) {
        return push.when().step() + " " + push.node() + " " + shard + " " + push.frame();
      }

      void arrived(Push push, int shard, int frame) {
        in.add(key(push, shard));
        if (!(scenario.consistency instanceof Consistency.Async async)) {
          return;
        }
        int before = pushes[shard][frame]++;
        if (push.gradient().hasRemaining() && push.sums().nonFinite() == Contribution.FINITE) {
          int from = cluster.layout.begin(shard, frame);
          int to = cluster.layout.end(shard, frame);
          float[] gradient = new float[PARAMETERS];
          push.gradient().duplicate().get(gradient, from, to - from);
          StepTime time = new StepTime(before / V, push.when().epoch(), before, 1);
          optimizer.update(theta, gradient, from, to, async.examplesPerStep(), null, time);
        }
      }
    }
  }

  private static String refusal(CompletableFuture<?> future) {
    try {
      future.join();
      return "";
    } catch (CompletionException e) {
      return e.getCause().getMessage();
    }
  }
}
