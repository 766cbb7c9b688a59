package dev.lockstep.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.protocol.Consistency;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.OnNonFinite;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.sharding.MicroBatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Workers of different speed, held back by counted permits, against the real server. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConsistencyTest {

  private static final int P = LinearModel.P;
  private static final int B = 4;
  private static final StepSchedule PACE = new StepSchedule(10, 1, 1);
  private static final OptimizerSpec UNIT = new Dl4jOptimizer.Sgd(Schedule.fixed(1));

  private static UpdatePlan plan(OptimizerSpec optimizer) {
    return UpdatePlan.uniform(
        new ParameterLayout(List.of(new Block("0_W", 0, 0, P))),
        UpdateRule.of(optimizer),
        new Clipping.None());
  }

  private static LoopSpec span(
      int v, int from, int to, Consistency consistency, long checkpointEvery, long lastStep) {
    return new LoopSpec(
        1,
        new LoopSpec.VirtualWorkers(from, to, v),
        new SyncPoints(PACE, checkpointEvery, lastStep),
        0,
        PriorTraining.NONE,
        consistency,
        0);
  }

  /** Counts; each virtual worker pushes its number of examples in an element of its own. */
  private static final class Counter implements GradientSource {
    final int virtualWorker;
    final Semaphore permits;
    final AtomicInteger computed = new AtomicInteger();

    Counter(int virtualWorker, Semaphore permits) {
      this.virtualWorker = virtualWorker;
      this.permits = permits;
    }

    @Override
    public int parameterCount() {
      return P;
    }

    @Override
    public void setParameters(float[] theta) {}

    @Override
    public ExampleSums gradient(MicroBatch batch, Position at, float[] gradient) {
      permits.acquireUninterruptibly();
      computed.incrementAndGet();
      Arrays.fill(gradient, 0);
      gradient[virtualWorker] = batch.examples();
      return new ExampleSums(batch.examples(), batch.examples());
    }

    @Override
    public void close() {}
  }

  /** Knows which version a worker waits for. */
  private static final class Watched implements GradientExchange {
    private final GradientExchange exchange;
    final AtomicLong waitsFor = new AtomicLong(-1);

    Watched(GradientExchange exchange) {
      this.exchange = exchange;
    }

    @Override
    public void push(StepKey when, TreeNode node, Contribution sums, float[] vector) {
      exchange.push(when, node, sums, vector);
    }

    @Override
    public Pulled pull(long version, long outcomesFrom, float[] vector) {
      waitsFor.set(version);
      Pulled pulled = exchange.pull(version, outcomesFrom, vector);
      waitsFor.set(-1);
      return pulled;
    }
  }

  private static final class Outcomes implements RoundListener {
    final List<StepOutcome> heard = new CopyOnWriteArrayList<>();

    @Override
    public void contributed(Round round, TreeNode node, long[] examples, double[] losses) {}

    @Override
    public void roundTaken(Round round, List<StepOutcome> outcomes) {
      heard.addAll(outcomes);
    }

    @Override
    public void epochTaken(int epochsTaken) {}
  }

  /** Two virtual workers, each on a worker of its own. */
  private static final class Race {
    final InProcessCluster cluster;
    final Counter fast = new Counter(0, new Semaphore(1 << 20));
    final Counter slow = new Counter(1, new Semaphore(0));
    final Watched fastExchange;
    final Outcomes outcomes = new Outcomes();
    final Thread running;

    Race(Consistency consistency, long checkpointEvery) {
      cluster =
          new InProcessCluster(
              Protocol.SYNC.with(consistency), 2, plan(UNIT), new float[P], null, 0);
      fastExchange = new Watched(cluster.exchange());
      List<Runnable> workers =
          List.of(
              () -> loop(consistency, checkpointEvery, fast, fastExchange, outcomes).run(),
              () ->
                  loop(consistency, checkpointEvery, slow, cluster.exchange(), new Outcomes())
                      .run());
      running = new Thread(() -> InProcessCluster.run(workers));
      running.start();
    }

    private static WorkerLoop loop(
        Consistency consistency,
        long checkpointEvery,
        Counter counter,
        GradientExchange exchange,
        Outcomes outcomes) {
      int v = counter.virtualWorker;
      LoopSpec span = span(2, v, v + 1, consistency, checkpointEvery, 20);
      return new WorkerLoop(
          span,
          new GlobalGradient(span, counter, new Batches(PACE, v, v + 1, 0, (micro, worker) -> B)),
          exchange,
          outcomes);
    }

    /** Waits until the fast worker waits, and says how many gradients it has computed. */
    int fastStopsAfter(int gradients, long waitsFor) {
      Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> fast.computed.get() >= gradients && fastExchange.waitsFor.get() == waitsFor);
      return fast.computed.get();
    }

    void finish() throws InterruptedException {
      slow.permits.release(1 << 20);
      running.join(60_000);
      assertFalse(running.isAlive());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3})
  void fastWorkersGetExactlyTheStalenessAheadAndNoFurther(int staleness) throws Exception {
    Race race = new Race(new Consistency.Bounded(staleness), 0);
    for (int slowSteps = 0; slowSteps + staleness < 9; slowSteps++) {
      // It waits for the step that the slow worker has not pushed: so it can compute no more.
      assertEquals(
          slowSteps + staleness + 1, race.fastStopsAfter(slowSteps + staleness + 1, slowSteps + 1));
      race.slow.permits.release();
    }
    race.finish();
    everyGradientWasAppliedOnce(race, 20);
  }

  @Test
  void allMeetAtCheckpointsAndEndsOfEpochs() throws Exception {
    Race race = new Race(new Consistency.Async(2 * B), 4);
    assertEquals(4, race.fastStopsAfter(4, 4), "checkpoint of step 4");
    race.slow.permits.release(4);
    assertEquals(8, race.fastStopsAfter(8, 8), "checkpoint of step 8");
    race.slow.permits.release(4);
    assertEquals(10, race.fastStopsAfter(10, 10), "end of the first epoch");
    race.finish();
    everyGradientWasAppliedOnce(race, 20);
  }

  @Test
  void asynchronousWorkersWaitForNobodyInBetween() throws Exception {
    Race race = new Race(new Consistency.Async(2 * B), 0);
    assertEquals(10, race.fastStopsAfter(10, 10));
    assertEquals(-5f, race.cluster.vector()[0], "ten pushes of half a step are in");
    assertEquals(0f, race.cluster.vector()[1]);
    race.finish();
    everyGradientWasAppliedOnce(race, 20);
  }

  /** Each push adds 4 of 8 examples: half a unit, exactly. */
  private static void everyGradientWasAppliedOnce(Race race, int steps) {
    float[] theta = race.cluster.vector();
    assertEquals(-steps / 2f, theta[0]);
    assertEquals(-steps / 2f, theta[1]);
    assertEquals(steps, race.outcomes.heard.size());
    for (int step = 0; step < steps; step++) {
      assertEquals(step, race.outcomes.heard.get(step).step());
      assertEquals(2 * B, race.outcomes.heard.get(step).total().examples());
    }
  }

  @ParameterizedTest
  @CsvSource({"1,0", "2,0", "3,0", "2,1", "1,2"})
  void withoutStalenessTheBitsAreThoseOfSynchronousSteps(int workers, int pushSplit) {
    float[] expected = train(new Consistency.Sync(), 1, 0);
    assertArrayEquals(expected, train(new Consistency.Bounded(0), workers, pushSplit));
    assertArrayEquals(expected, train(new Consistency.Sync(), workers, pushSplit));
    assertTrue(expected[0] != 0);
  }

  private static float[] train(Consistency consistency, int workers, int pushSplit) {
    int v = 5;
    OptimizerSpec adam = new Dl4jOptimizer.Adam(Schedule.fixed(0.1), 0.9, 0.999, 1e-8);
    InProcessCluster cluster =
        new InProcessCluster(Protocol.SYNC.with(consistency), v, plan(adam), new float[P], null, 0);
    List<Runnable> loops = new ArrayList<>();
    for (int w = 0; w < workers; w++) {
      int from = w * v / workers;
      int to = (w + 1) * v / workers;
      LoopSpec span =
          new LoopSpec(
              1,
              new LoopSpec.VirtualWorkers(from, to, v),
              new SyncPoints(PACE, 0, 20),
              0,
              PriorTraining.NONE,
              consistency,
              pushSplit);
      GlobalGradient gradient =
          new GlobalGradient(
              span,
              new LinearModel(),
              new Batches(PACE, from, to, 0, (micro, each) -> micro == 9 ? each % 3 : B));
      gradient.receive(new float[P]);
      loops.add(() -> new WorkerLoop(span, gradient, cluster.exchange(), new Outcomes()).run());
    }
    InProcessCluster.run(loops);
    return cluster.vector();
  }

  /** Gives a NaN at one place of the run. */
  private static final class Flawed implements GradientSource {
    private final float flaw;
    private final Counter counter;

    Flawed(int virtualWorker, float flaw) {
      this.counter = new Counter(virtualWorker, new Semaphore(1 << 20));
      this.flaw = flaw;
    }

    @Override
    public int parameterCount() {
      return P;
    }

    @Override
    public void setParameters(float[] theta) {}

    @Override
    public ExampleSums gradient(MicroBatch batch, Position at, float[] gradient) {
      ExampleSums sums = counter.gradient(batch, at, gradient);
      if (counter.virtualWorker == 2 && at.step() == 3) {
        gradient[P - 1] = flaw;
      }
      return sums;
    }

    @Override
    public void close() {}
  }

  private static Outcomes trainWithFlaw(
      OnNonFinite answer, float flaw, InProcessCluster[] clusters) {
    clusters[0] =
        new InProcessCluster(Protocol.SYNC.with(answer), 4, plan(UNIT), new float[P], null, 0);
    List<Runnable> loops = new ArrayList<>();
    Outcomes outcomes = new Outcomes();
    for (int v = 0; v < 4; v++) {
      LoopSpec span = span(4, v, v + 1, new Consistency.Sync(), 0, 10);
      GlobalGradient gradient =
          new GlobalGradient(
              span, new Flawed(v, flaw), new Batches(PACE, v, v + 1, 0, (micro, each) -> B));
      loops.add(
          new WorkerLoop(span, gradient, clusters[0].exchange(), v == 0 ? outcomes : new Outcomes())
              ::run);
    }
    InProcessCluster.run(loops);
    return outcomes;
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.NEGATIVE_INFINITY, Float.MAX_VALUE / 2})
  void aStepWithAGradientThatIsNotFiniteIsSkippedWhereThatIsAskedFor(float flaw) {
    InProcessCluster[] cluster = new InProcessCluster[1];
    Outcomes outcomes = trainWithFlaw(OnNonFinite.SKIP, flaw, cluster);
    float[] expected = new float[P];
    Arrays.fill(expected, 0, 4, -9 / 4f);
    assertArrayEquals(expected, cluster[0].vector());
    for (StepOutcome outcome : outcomes.heard) {
      assertEquals(outcome.step() == 3 ? 2 : Contribution.FINITE, outcome.total().nonFinite());
    }
  }

  @Test
  void otherwiseItEndsTheTrainingAndNamesStepAndVirtualWorker() {
    IllegalStateException failed =
        assertThrows(
            IllegalStateException.class,
            () -> trainWithFlaw(OnNonFinite.STOP, Float.NaN, new InProcessCluster[1]));
    assertTrue(
        failed.getMessage().contains("step 3: the gradient of virtual worker 2 is not finite"),
        failed.getMessage());
    assertTrue(failed.getMessage().contains("--on-non-finite skip"), failed.getMessage());
  }
}
