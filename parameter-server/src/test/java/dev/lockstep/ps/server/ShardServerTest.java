package dev.lockstep.ps.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.SimulatedTraining;
import dev.lockstep.ps.Workers;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.PullReply;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.TreeNode;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardServerTest {

  /** Neither a multiple of the chunk nor of the frame; several frames per shard. */
  private static final int PARAMETERS = 3 * FrameLayout.FRAME + ShardLayout.CHUNK + 1234;

  private static final int V = 6;
  private static final TreeNode ROOT = new TreeNode(3, 0);

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void sameBitsOnAnyNumberOfShardsAndWorkers(int shards) throws Exception {
    List<SimulatedTraining> trainings = new ArrayList<>();
    for (Clipping clipping : List.of(new Clipping.None(), new Clipping.GlobalNorm(0.5))) {
      for (SimulatedTraining.Optimizers kind : SimulatedTraining.Optimizers.values()) {
        trainings.add(new SimulatedTraining(11, PARAMETERS, V, 3, clipping, kind));
      }
    }
    for (SimulatedTraining training : trainings) {
      float[] expected = training.expectedTheta();
      for (int workers : new int[] {1, 2, 4, V}) {
        MemoryCluster cluster = new MemoryCluster(training, shards);
        for (SimulatedTraining.Result result : work(training, cluster, workers)) {
          assertArrayEquals(expected, result.theta());
          assertEquals(
              training.expectedLosses(),
              result.outcomes().stream().map(outcome -> outcome.total().lossSum()).toList());
        }
        assertEquals(List.of(), cluster.failures);
      }
    }
  }

  @Test
  void moreShardsThanChunksLeaveSomeEmpty() throws Exception {
    SimulatedTraining training =
        new SimulatedTraining(12, ShardLayout.CHUNK + 5, 3, 4, new Clipping.GlobalNorm(0.1));
    MemoryCluster cluster = new MemoryCluster(training, 5);
    assertArrayEquals(training.expectedTheta(), work(training, cluster, 3).get(0).theta());
    assertEquals(List.of(), cluster.failures);
  }

  @Test
  void reportsTheNormBeforeClippingAndNoneWhereNoneIsNeeded() throws Exception {
    SimulatedTraining clipped =
        new SimulatedTraining(13, 5000, 2, 1, new Clipping.GlobalNorm(1e-3));
    double norm =
        work(clipped, new MemoryCluster(clipped, 2), 1).get(0).outcomes().get(0).gradientNorm();
    assertTrue(norm > 1, "norm=" + norm);
    SimulatedTraining plain = new SimulatedTraining(13, 5000, 2, 1, new Clipping.None());
    assertTrue(
        Double.isNaN(
            work(plain, new MemoryCluster(plain, 2), 1).get(0).outcomes().get(0).gradientNorm()));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void countsEveryPushOnceInAnyInterleavingWithDuplicatesAndStrays(long seed) {
    Clipping clipping = seed % 2 == 0 ? new Clipping.None() : new Clipping.GlobalNorm(0.5);
    int parameters = FrameLayout.FRAME + 2 * ShardLayout.CHUNK + 99;
    SimulatedTraining training = new SimulatedTraining(seed, parameters, V, 3, clipping);
    MemoryCluster cluster = new MemoryCluster(training, 2);
    Random random = new Random(seed);
    float[] theta = training.theta();
    for (long step = 0; step < training.steps(); step++) {
      List<Runnable> messages = new ArrayList<>();
      float[] next = new float[parameters];
      List<CompletableFuture<PullReply>> pulls = Collections.synchronizedList(new ArrayList<>());
      for (int shard = 0; shard < 2; shard++) {
        for (int frame = 0; frame < cluster.layout.frames(shard); frame++) {
          ShardServer server = cluster.servers.get(shard);
          for (int v = 0; v < V; v++) {
            Push push = push(training, cluster.layout, step, v, shard, frame, theta);
            if (random.nextInt(3) == 0) {
              messages.add(() -> pushOneOfTwo(server, push));
              messages.add(() -> pushOneOfTwo(server, push));
            } else {
              messages.add(() -> server.push(push).join());
            }
          }
          Pull pull =
              new Pull(
                  MemoryCluster.ATTEMPT,
                  step + 1,
                  frame,
                  Pull.NO_OUTCOMES,
                  slice(cluster, next, shard, frame));
          messages.add(() -> pulls.add(server.pull(pull)));
          strays(training, cluster, step, shard, frame, theta, random, messages);
        }
      }
      Collections.shuffle(messages, random);
      messages.forEach(Runnable::run);
      assertEquals(cluster.layout.frames(0) + cluster.layout.frames(1), pulls.size());
      for (CompletableFuture<PullReply> pull : pulls) {
        assertTrue(pull.isDone());
        assertEquals(pulls.get(0).join(), pull.join());
      }
      theta = next;
    }
    assertArrayEquals(training.expectedTheta(), theta);
    assertEquals(List.of(), cluster.failures);
  }

  /** The second of two is ignored within its step and refused after it. */
  private static void pushOneOfTwo(ShardServer server, Push push) {
    CompletableFuture<Void> taken = server.push(push);
    if (taken.isCompletedExceptionally()) {
      assertTrue(refusal(taken).contains("late"), refusal(taken));
    }
  }

  private static void strays(
      SimulatedTraining training,
      MemoryCluster cluster,
      long step,
      int shard,
      int frame,
      float[] theta,
      Random random,
      List<Runnable> messages) {
    ShardServer server = cluster.servers.get(shard);
    Push good = push(training, cluster.layout, step, (int) (step % V), shard, frame, theta);
    FloatBuffer floats = good.gradient();
    FloatBuffer shorter = FloatBuffer.wrap(new float[floats.remaining() - 1]);
    AttemptKey run = new AttemptId("run-2", 0).key();
    AttemptKey attempt = new AttemptId("run-1", 1).key();
    TreeNode node = good.node();
    List<Push> bad =
        List.of(
            new Push(
                run,
                StepKey.of(step, good.when().epoch()),
                node,
                frame,
                Contribution.of(1, 0),
                floats),
            new Push(
                attempt,
                StepKey.of(step, good.when().epoch()),
                node,
                frame,
                Contribution.of(1, 0),
                floats),
            new Push(
                good.attempt(),
                StepKey.of(step + 2, good.when().epoch()),
                node,
                frame,
                Contribution.of(1, 0),
                floats),
            new Push(
                good.attempt(),
                StepKey.of(step, good.when().epoch()),
                node,
                frame,
                Contribution.of(1, 0),
                shorter),
            new Push(
                good.attempt(),
                StepKey.of(step, good.when().epoch()),
                new TreeNode(0, V),
                frame,
                Contribution.of(1, 0),
                floats),
            new Push(
                good.attempt(),
                StepKey.of(step, good.when().epoch()),
                new TreeNode(4, 0),
                frame,
                Contribution.of(1, 0),
                floats),
            new Push(
                good.attempt(),
                StepKey.of(step, good.when().epoch()),
                node,
                99,
                Contribution.of(1, 0),
                floats));
    for (Push push : bad) {
      if (random.nextBoolean()) {
        // The wrong length is not looked at where the same node is in already.
        boolean mayBeIgnored = push.gradient().remaining() < floats.remaining();
        messages.add(
            () -> {
              CompletableFuture<Void> taken = server.push(push);
              assertTrue(mayBeIgnored || taken.isCompletedExceptionally(), push.toString());
            });
      }
    }
  }

  @Test
  void refusesWhatDoesNotFitAndSaysWhy() {
    SimulatedTraining training = new SimulatedTraining(1, 5000, V, 2, new Clipping.None());
    ShardServer server = new MemoryCluster(training, 1).servers.get(0);
    FloatBuffer floats = FloatBuffer.allocate(5000);
    AttemptKey own = MemoryCluster.ATTEMPT;
    AttemptKey other = new AttemptId("run-1", 3).key();

    assertEquals(
        "message of " + other + " refused: this is " + own,
        refusal(
            server.push(
                new Push(other, StepKey.of(0, 0), ROOT, 0, Contribution.of(1, 0), floats))));
    assertEquals(
        "push of step 1 frame 0 " + ROOT + " refused: it is early, the frame is still at step 0",
        refusal(
            server.push(new Push(own, StepKey.of(1, 0), ROOT, 0, Contribution.of(1, 0), floats))));
    assertEquals(
        "push of frame 1 refused: shard 0 has frames=1",
        refusal(
            server.push(new Push(own, StepKey.of(0, 0), ROOT, 1, Contribution.of(1, 0), floats))));
    assertEquals(
        "push of step 0 frame 0 " + ROOT + " refused: length=4 != length=5000 of the frame",
        refusal(
            server.push(
                new Push(
                    own,
                    StepKey.of(0, 0),
                    ROOT,
                    0,
                    Contribution.of(1, 0),
                    FloatBuffer.allocate(4)))));
    TreeNode foreign = new TreeNode(0, V);
    assertTrue(
        refusal(
                server.push(
                    new Push(own, StepKey.of(0, 0), foreign, 0, Contribution.of(1, 0), floats)))
            .contains("is not a node of the tree over leaves=6"));
    TreeNode pair = new TreeNode(1, 0);
    server.push(new Push(own, StepKey.of(0, 0), pair, 0, Contribution.of(1, 0), floats)).join();
    assertTrue(
        refusal(
                server.push(
                    new Push(own, StepKey.of(0, 0), ROOT, 0, Contribution.of(1, 0), floats)))
            .contains("leaf 0 was added before"));
    assertEquals(
        "push of step 0 frame 0 "
            + new TreeNode(1, 1)
            + " refused: StepKey[step=0, epoch=1, rateScale=1.0] != StepKey[step=0, epoch=0,"
            + " rateScale=1.0] of the pushes before it",
        refusal(
            server.push(
                new Push(
                    own, StepKey.of(0, 1), new TreeNode(1, 1), 0, Contribution.of(1, 0), floats))));
    assertEquals(
        "pull of version 1 frame 0 refused: length=4 != length=5000 of the frame",
        refusal(server.pull(new Pull(own, 1, 0, Pull.NO_OUTCOMES, FloatBuffer.allocate(4)))));
    assertEquals(
        "pull of version 3 frame 0 refused: it is early, the frame is still at version 0",
        refusal(server.pull(new Pull(own, 3, 0, Pull.NO_OUTCOMES, floats))));
    assertEquals(
        "norms of step 0 from shard 0 refused: no update of this run needs norms",
        refusal(server.norms(new ShardNorms(own, 0, 0, 0, new NormPartials(0, 2, List.of())))));
  }

  @Test
  void refusesNormsThatDoNotFitAndSaysWhy() {
    SimulatedTraining training = new SimulatedTraining(1, 5000, V, 2, new Clipping.GlobalNorm(1));
    ShardServer server = new MemoryCluster(training, 1).servers.get(0);
    AttemptKey own = MemoryCluster.ATTEMPT;
    assertEquals(
        "norms of step 0 from shard 0 refused: chunks [0, 1) are not its chunks [0, 2)",
        refusal(server.norms(new ShardNorms(own, 0, 0, 0, new NormPartials(0, 1, List.of())))));
    assertEquals(
        "norms of step 4 from shard 0 refused: round=0, the server is at step 0 round 0 of 1",
        refusal(server.norms(new ShardNorms(own, 4, 0, 0, new NormPartials(0, 2, List.of())))));
    assertEquals(
        "norms of step 0 from shard 1 refused: shards=1",
        refusal(server.norms(new ShardNorms(own, 0, 0, 1, new NormPartials(0, 2, List.of())))));
  }

  @Test
  void refusesCountsThatMakeNoSense() {
    AttemptKey own = MemoryCluster.ATTEMPT;
    FloatBuffer floats = FloatBuffer.allocate(1);
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> Contribution.of(-1, 0))
            .getMessage()
            .contains("examples=-1 nonFinite=-1 must be >= 0"));
    assertTrue(
        assertThrows(
                IllegalArgumentException.class,
                () -> new Push(own, StepKey.of(3, 0), ROOT, 0, Contribution.EMPTY, floats))
            .getMessage()
            .contains("push of step 3: examples=0 but gradient has 1 floats"));
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> Contribution.of(0, Double.NaN))
            .getMessage()
            .contains("lossSum=NaN"));
  }

  @Test
  void aStepWithoutAnyExampleFailsTheServerAndItsPulls() {
    SimulatedTraining training = new SimulatedTraining(1, 5000, V, 2, new Clipping.None());
    MemoryCluster cluster = new MemoryCluster(training, 1);
    ShardServer server = cluster.servers.get(0);
    AttemptKey own = MemoryCluster.ATTEMPT;
    CompletableFuture<PullReply> pull =
        server.pull(new Pull(own, 1, 0, Pull.NO_OUTCOMES, FloatBuffer.allocate(5000)));
    assertFalse(pull.isDone());
    String message = "step 0: all 6 virtual workers are empty: a step needs at least one example";
    assertEquals(
        message,
        refusal(
            server.push(
                new Push(
                    own,
                    StepKey.of(0, 0),
                    ROOT,
                    0,
                    Contribution.of(0, 0),
                    FloatBuffer.allocate(0)))));
    assertEquals(message, refusal(pull));
    assertEquals(message, cluster.failures.get(0).getMessage());
    assertEquals(
        "shard 0 has failed: " + message,
        refusal(server.pull(new Pull(own, 1, 0, Pull.NO_OUTCOMES, FloatBuffer.allocate(5000)))));
  }

  @Test
  void countsThatDifferBetweenFramesFailTheServer() {
    SimulatedTraining training =
        new SimulatedTraining(1, FrameLayout.FRAME + 1, V, 2, new Clipping.GlobalNorm(1));
    MemoryCluster cluster = new MemoryCluster(training, 1);
    ShardServer server = cluster.servers.get(0);
    AttemptKey own = MemoryCluster.ATTEMPT;
    server
        .push(
            new Push(
                own,
                StepKey.of(0, 0),
                ROOT,
                0,
                Contribution.of(3, 0),
                FloatBuffer.allocate(FrameLayout.FRAME)))
        .join();
    assertTrue(
        refusal(
                server.push(
                    new Push(
                        own,
                        StepKey.of(0, 0),
                        ROOT,
                        1,
                        Contribution.of(4, 0),
                        FloatBuffer.allocate(1))))
            .contains("a worker pushed different counts to different frames"));
    assertEquals(1, cluster.failures.size());
  }

  @Test
  void aFrameMovesOnWhileOthersWait() {
    SimulatedTraining training =
        new SimulatedTraining(1, 2 * FrameLayout.FRAME, 1, 2, new Clipping.None());
    ShardServer server = new MemoryCluster(training, 1).servers.get(0);
    AttemptKey own = MemoryCluster.ATTEMPT;
    TreeNode only = new TreeNode(0, 0);
    FloatBuffer floats = FloatBuffer.allocate(FrameLayout.FRAME);
    server.push(new Push(own, StepKey.of(0, 0), only, 0, Contribution.of(1, 0), floats)).join();
    server.push(new Push(own, StepKey.of(1, 0), only, 0, Contribution.of(1, 0), floats)).join();
    assertTrue(server.pull(new Pull(own, 2, 0, Pull.NO_OUTCOMES, floats)).isDone());
    CompletableFuture<PullReply> other =
        server.pull(new Pull(own, 1, 1, Pull.NO_OUTCOMES, FloatBuffer.allocate(FrameLayout.FRAME)));
    assertFalse(other.isDone());
    CompletableFuture<ShardSnapshot> late = server.snapshotAt(1);
    assertTrue(refusal(late).contains("frame 0 is at version 2 already"), refusal(late));
    server.push(new Push(own, StepKey.of(0, 0), only, 1, Contribution.of(1, 0), floats)).join();
    assertTrue(other.isDone());
  }

  @Test
  void continuingFromSnapshotsOnOtherShardsGivesTheBitsOfNotStopping() throws Exception {
    SimulatedTraining whole =
        new SimulatedTraining(17, PARAMETERS, V, 5, new Clipping.GlobalNorm(0.5));
    SimulatedTraining firstPart =
        new SimulatedTraining(17, PARAMETERS, V, 2, new Clipping.GlobalNorm(0.5));
    MemoryCluster before = new MemoryCluster(firstPart, 3);
    List<CompletableFuture<ShardSnapshot>> snapshots =
        before.servers.stream().map(server -> server.snapshotAt(2)).toList();
    float[] theta = work(firstPart, before, 2).get(0).theta();
    float[] joined = new float[PARAMETERS];
    float[][] state = new float[whole.plan().stateVectors()][PARAMETERS];
    for (CompletableFuture<ShardSnapshot> taken : snapshots) {
      ShardSnapshot snapshot = taken.join();
      assertEquals(2, snapshot.step());
      int length = snapshot.model().theta().length;
      System.arraycopy(snapshot.model().theta(), 0, joined, snapshot.begin(), length);
      for (int k = 0; k < state.length; k++) {
        System.arraycopy(snapshot.model().state()[k], 0, state[k], snapshot.begin(), length);
      }
    }
    assertArrayEquals(theta, joined);
    MemoryCluster after = new MemoryCluster(whole, 2, Protocol.SYNC, joined, state, 2);
    List<Callable<SimulatedTraining.Result>> tasks = new ArrayList<>();
    int[] spans = Workers.spans(V, 3);
    for (int w = 0; w < 3; w++) {
      int from = spans[w];
      int to = spans[w + 1];
      tasks.add(() -> whole.work(after.client(), from, to, 2, joined));
    }
    float[] continued = Workers.run(tasks).get(0).theta();
    assertArrayEquals(whole.expectedTheta(), continued);
  }

  @Test
  void otherSeedsGiveOtherBits() {
    assertNotEquals(
        Arrays.hashCode(new SimulatedTraining(1, 5000, 2, 2, new Clipping.None()).expectedTheta()),
        Arrays.hashCode(new SimulatedTraining(2, 5000, 2, 2, new Clipping.None()).expectedTheta()));
  }

  private static List<SimulatedTraining.Result> work(
      SimulatedTraining training, MemoryCluster cluster, int workers) throws Exception {
    int[] spans = Workers.spans(training.virtualWorkers(), workers);
    List<Callable<SimulatedTraining.Result>> tasks = new ArrayList<>();
    for (int w = 0; w < workers; w++) {
      int from = spans[w];
      int to = spans[w + 1];
      tasks.add(() -> training.work(cluster.client(), from, to));
    }
    return Workers.run(tasks);
  }

  private static Push push(
      SimulatedTraining training,
      FrameLayout layout,
      long step,
      int v,
      int shard,
      int frame,
      float[] theta) {
    int examples = training.examples(step, v);
    FloatBuffer floats = FloatBuffer.allocate(0);
    if (examples > 0) {
      int begin = layout.begin(shard, frame);
      floats =
          FloatBuffer.wrap(
              training.gradient(step, v, theta), begin, layout.end(shard, frame) - begin);
    }
    return new Push(
        MemoryCluster.ATTEMPT,
        StepKey.of(step, training.epoch(step)),
        new TreeNode(0, v),
        frame,
        Contribution.of(examples, 0),
        floats);
  }

  private static FloatBuffer slice(MemoryCluster cluster, float[] vector, int shard, int frame) {
    int begin = cluster.layout.begin(shard, frame);
    return FloatBuffer.wrap(vector, begin, cluster.layout.end(shard, frame) - begin);
  }

  private static String refusal(CompletableFuture<?> future) {
    return assertThrows(CompletionException.class, future::join).getCause().getMessage();
  }
}
