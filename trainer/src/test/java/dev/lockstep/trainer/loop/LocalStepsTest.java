package dev.lockstep.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.compress.LeafCompressor;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.BlockMomentum;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.protocol.Consistency;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.Rounding;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.server.ShardSnapshot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class LocalStepsTest {

  private static final int P = LinearModel.P;
  private static final int MICRO_BATCHES = 7;
  private static final OptimizerSpec SGD = new Dl4jOptimizer.Sgd(Schedule.fixed(0.3));
  private static final OptimizerSpec ADAM =
      new Dl4jOptimizer.Adam(Schedule.fixed(0.1), 0.9, 0.95, 1e-8);
  private static final OptimizerSpec NONE = new Dl4jOptimizer.Sgd(Schedule.fixed(1));
  private static final OptimizerSpec NESTEROV =
      new Dl4jOptimizer.Nesterovs(Schedule.fixed(0.7), Schedule.fixed(0.9));

  private enum State {
    AVERAGED,
    KEPT
  }

  /** A run, and what is left after it. */
  private record Setup(
      int virtualWorkers,
      int k,
      OptimizerSpec local,
      OptimizerSpec outer,
      State state,
      int epochs) {

    private UpdatePlan plan() {
      // Blocks of two kinds: the second stands for the statistics of batch normalisation.
      ParameterLayout layout =
          new ParameterLayout(List.of(new Block("0_W", 0, 0, 5), new Block("0_b", 0, 5, P - 5)));
      return UpdatePlan.uniform(layout, UpdateRule.of(local), new Clipping.GlobalNorm(0.5));
    }

    private AveragedVector vector() {
      return new AveragedVector(plan(), state == State.KEPT ? 0 : local.stateVectors());
    }

    private StepSchedule schedule() {
      return new StepSchedule(MICRO_BATCHES, 1, k);
    }

    private Run start() {
      float[] theta = new float[P];
      Arrays.fill(theta, 0.25f);
      ShardOptimizer fresh = new ShardOptimizer(plan(), 0, P);
      return new Run(this, vector().compose(theta, fresh.state()), null, Map.of(), 0);
    }
  }

  private record Run(
      Setup setup, float[] vector, float[][] state, Map<Integer, float[][]> kept, long step) {

    private float[] theta() {
      return setup.vector().theta(vector);
    }

    private Run continued(int workers, long lastStep) {
      return continued(workers, lastStep, new Sums());
    }

    private Run continued(int workers, long lastStep, Sums heard) {
      int v = setup.virtualWorkers;
      InProcessCluster cluster =
          new InProcessCluster(
              v,
              setup.vector().serverPlan(setup.outer),
              vector,
              state,
              setup.schedule().clock(step));
      Future<ShardSnapshot> end = cluster.snapshotAt(0, setup.schedule().clock(lastStep));
      List<Runnable> loops = new ArrayList<>();
      Map<Integer, float[][]> after = new TreeMap<>();
      for (int w = 0; w < workers; w++) {
        int from = w * v / workers;
        int to = (w + 1) * v / workers;
        loops.add(
            () -> {
              LocalOptimizers optimizers =
                  setup.state == State.KEPT
                      ? LocalOptimizers.each(setup.plan(), from, to)
                      : LocalOptimizers.shared(setup.plan());
              for (int each = from; each < to && !kept.isEmpty(); each++) {
                optimizers.of(each).restore(kept.get(each));
              }
              LoopSpec span = span(v, from, to, setup.schedule(), step, lastStep);
              LocalSteps steps =
                  new LocalSteps(
                      span,
                      setup.vector(),
                      new LinearModel(),
                      new Batches(setup.schedule(), from, to, step, LocalStepsTest::examples),
                      optimizers);
              steps.receive(vector);
              new WorkerLoop(span, steps, cluster.exchange(), heard).run();
              synchronized (after) {
                for (int each = from; each < to && setup.state == State.KEPT; each++) {
                  after.put(each, copy(optimizers.of(each).state()));
                }
              }
            });
      }
      InProcessCluster.run(loops);
      ShardSnapshot last = get(end);
      return new Run(setup, last.model().theta(), last.model().state(), after, lastStep);
    }
  }

  private static ShardSnapshot get(Future<ShardSnapshot> end) {
    try {
      return end.get(1, TimeUnit.MINUTES);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  private static LoopSpec span(
      int virtualWorkers, int from, int to, StepSchedule schedule, long firstStep, long lastStep) {
    return new LoopSpec(
        1,
        new LoopSpec.VirtualWorkers(from, to, virtualWorkers),
        new SyncPoints(schedule, 0, lastStep),
        firstStep,
        PriorTraining.NONE,
        new Consistency.Sync(),
        0);
  }

  private static float[][] copy(float[][] vectors) {
    return Arrays.stream(vectors).map(float[]::clone).toArray(float[][]::new);
  }

  /** The last step of an epoch is ragged, and every third virtual worker has nothing there. */
  private static int examples(long microBatch, int virtualWorker) {
    if (microBatch < MICRO_BATCHES - 1) {
      return 4;
    }
    return virtualWorker % 3 == 1 ? 0 : 2;
  }

  private static Run whole(Setup setup, int workers) {
    return setup.start().continued(workers, (long) setup.epochs * MICRO_BATCHES);
  }

  @ParameterizedTest
  @CsvSource({"4, 3, AVERAGED", "4, 3, KEPT", "6, 1, AVERAGED", "7, 5, KEPT", "5, 100, AVERAGED"})
  void sameBitsOnAnyNumberOfWorkers(int virtualWorkers, int k, State state) {
    Setup setup = new Setup(virtualWorkers, k, ADAM, NESTEROV, state, 2);
    Run one = whole(setup, 1);
    for (int workers : new int[] {2, 3, 4}) {
      Run several = whole(setup, workers);
      assertArrayEquals(one.vector, several.vector);
      assertArrayEquals(one.state[0], several.state[0]);
      one.kept.forEach((v, vectors) -> assertArrayEquals(vectors[1], several.kept.get(v)[1]));
    }
  }

  @Test
  void lossesOfEveryStepAreTheTreesOnAnyNumberOfWorkers() {
    Setup setup = new Setup(5, 3, ADAM, NONE, State.AVERAGED, 1);
    Sums one = new Sums();
    Sums four = new Sums();
    setup.start().continued(1, MICRO_BATCHES, one);
    setup.start().continued(4, MICRO_BATCHES, four);
    assertEquals(MICRO_BATCHES, one.examples.size());
    assertEquals(one.examples, four.examples);
    assertEquals(5 * 4, one.examples.get(0L));
    assertEquals(3 * 2, one.examples.get(6L), "two of five virtual workers have none");
    one.losses.forEach((step, loss) -> assertEquals(loss, four.losses.get(step), 1e-12));
    assertTrue(one.losses.get(5L) < one.losses.get(0L));
  }

  @Test
  void oneStepOfPlainDescentIsTheGlobalStepWithinRounding() {
    Setup setup = new Setup(4, 1, SGD, NONE, State.AVERAGED, 3);
    UpdatePlan plan =
        UpdatePlan.uniform(setup.plan().layout(), UpdateRule.of(SGD), new Clipping.None());
    AveragedVector averaged = new AveragedVector(plan, 0);
    float[] theta = setup.start().theta();
    InProcessCluster sync = new InProcessCluster(4, plan, theta, null, 0);
    InProcessCluster local = new InProcessCluster(4, averaged.serverPlan(NONE), theta, null, 0);
    LoopSpec span = span(4, 0, 4, setup.schedule(), 0, 3L * MICRO_BATCHES);
    GlobalGradient gradient =
        new GlobalGradient(
            span,
            new LinearModel(),
            batches(setup.schedule(), 4),
            LeafCompressor.rounding(Rounding.NONE));
    gradient.receive(theta);
    new WorkerLoop(span, gradient, sync.exchange(), new Sums()).run();
    LocalSteps steps =
        new LocalSteps(
            span,
            averaged,
            new LinearModel(),
            batches(setup.schedule(), 4),
            LocalOptimizers.shared(plan));
    steps.receive(theta);
    new WorkerLoop(span, steps, local.exchange(), new Sums()).run();
    assertArrayEquals(sync.vector(), local.vector(), 1e-6f);
    assertFalse(Arrays.equals(theta, local.vector()));
  }

  private static Batches batches(StepSchedule schedule, int virtualWorkers) {
    return new Batches(schedule, 0, virtualWorkers, 0, LocalStepsTest::examples);
  }

  private enum Outer {
    NONE,
    /** DiLoCo, arXiv 2311.08105, algorithm 1, with PyTorch's Nesterov as its outer optimizer. */
    DILOCO,
    /** Chen and Huo 2016, classical block momentum. */
    BLOCK_MOMENTUM,
    /** The same with Nesterov block momentum: rounds begin at the look-ahead. */
    NESTEROV_BLOCK_MOMENTUM;

    OptimizerSpec spec() {
      return switch (this) {
        case NONE -> LocalStepsTest.NONE;
        case DILOCO, NESTEROV_BLOCK_MOMENTUM -> NESTEROV;
        case BLOCK_MOMENTUM -> new BlockMomentum(0.7, 0.9);
      };
    }
  }

  @ParameterizedTest
  @EnumSource(Outer.class)
  void theOuterOptimizerIsThePapers(Outer outer) {
    int v = 4;
    int k = 3;
    double rate = 0.7;
    double momentum = 0.9;
    UpdatePlan plan =
        UpdatePlan.uniform(
            new ParameterLayout(List.of(new Block("0_W", 0, 0, P))),
            UpdateRule.of(SGD),
            new Clipping.None());
    AveragedVector averaged = new AveragedVector(plan, 0);
    float[] begin = new float[P];
    Arrays.fill(begin, 0.25f);
    InProcessCluster cluster =
        new InProcessCluster(v, averaged.serverPlan(outer.spec()), begin, null, 0);
    StepSchedule schedule = new StepSchedule(MICRO_BATCHES, 1, k);
    LoopSpec span = span(v, 0, v, schedule, 0, 3L * MICRO_BATCHES);
    LocalSteps steps =
        new LocalSteps(
            span, averaged, new LinearModel(), batches(schedule, v), LocalOptimizers.shared(plan));
    steps.receive(begin);
    new WorkerLoop(span, steps, cluster.exchange(), new Sums()).run();

    double[] start = new double[P]; // where a round begins
    Arrays.fill(start, 0.25);
    double[] filtered = start.clone(); // the papers' W(t)
    double[] memory = new double[P]; // PyTorch's momentum buffer, or Δ(t)
    for (long step = 0; step < span.lastStep(); step = schedule.roundEnd(step)) {
      double[] mean = meanAfterRound(start, step, schedule, v);
      for (int i = 0; i < P; i++) {
        switch (outer) {
          case NONE -> start[i] = mean[i];
          case DILOCO -> {
            double g = start[i] - mean[i];
            memory[i] = momentum * memory[i] + g;
            start[i] -= rate * (g + momentum * memory[i]);
          }
          case BLOCK_MOMENTUM -> {
            memory[i] = momentum * memory[i] + rate * (mean[i] - start[i]);
            start[i] += memory[i];
          }
          case NESTEROV_BLOCK_MOMENTUM -> {
            memory[i] = momentum * memory[i] + rate * (mean[i] - start[i]);
            filtered[i] += memory[i];
            start[i] = filtered[i] + momentum * memory[i];
          }
        }
      }
    }
    float[] theta = cluster.vector();
    for (int i = 0; i < P; i++) {
      assertEquals(start[i], theta[i], 2e-5 * Math.abs(start[i]), "element " + i);
    }
  }

  /** Local descent of every virtual worker, and the mean weighted by examples, in float64. */
  private static double[] meanAfterRound(double[] start, long first, StepSchedule schedule, int v) {
    double[] mean = new double[P];
    long total = 0;
    for (int worker = 0; worker < v; worker++) {
      double[] own = start.clone();
      long examples = 0;
      for (long step = first; step < schedule.roundEnd(first); step++) {
        long inEpoch = step % MICRO_BATCHES;
        int n = examples(inEpoch, worker);
        double[] g =
            LinearModel.gradient(LinearModel.batch(schedule.epoch(step), inEpoch, worker, n), own);
        for (int i = 0; i < P && n > 0; i++) {
          own[i] -= (double) 0.3f * g[i] / n;
        }
        examples += n;
      }
      for (int i = 0; i < P; i++) {
        mean[i] += examples * own[i];
      }
      total += examples;
    }
    for (int i = 0; i < P; i++) {
      mean[i] /= total;
    }
    return mean;
  }

  @Test
  void keptStateIsAnotherTrainingThanAveragedState() {
    Run averaged = whole(new Setup(4, 3, ADAM, NONE, State.AVERAGED, 2), 1);
    Run kept = whole(new Setup(4, 3, ADAM, NONE, State.KEPT, 2), 1);
    assertFalse(Arrays.equals(averaged.theta(), kept.theta()));
    assertEquals(4, kept.kept.size());
    assertFalse(Arrays.equals(kept.kept.get(0)[0], kept.kept.get(1)[0]));
    assertArrayEquals(
        whole(new Setup(4, 3, SGD, NONE, State.AVERAGED, 2), 1).theta(),
        whole(new Setup(4, 3, SGD, NONE, State.KEPT, 2), 1).theta(),
        "an optimizer without state");
  }

  @ParameterizedTest
  @EnumSource(State.class)
  void goingOnFromWhatARoundLeftEndsInTheSameBits(State state) {
    Setup setup = new Setup(4, 3, ADAM, NESTEROV, state, 2);
    Run straight = whole(setup, 2);
    Run halfway = setup.start().continued(1, MICRO_BATCHES + 3);
    Run resumed = halfway.continued(4, 2L * MICRO_BATCHES);
    assertArrayEquals(straight.vector, resumed.vector);
    assertArrayEquals(straight.state[0], resumed.state[0]);
  }

  @Test
  void averagedSquaresNeverBecomeNegative() {
    // Within a round the second moment falls by 1e-13: to far below the rounding of what it was.
    OptimizerSpec forgetful = new Dl4jOptimizer.RmsProp(Schedule.fixed(1e-3), 1e-13, 1e-8);
    Setup setup = new Setup(3, 1, forgetful, NONE, State.AVERAGED, 4);
    float[] theta = new float[P];
    float[][] state = {new float[P]};
    Arrays.fill(state[0], 3e5f);
    Run begun = new Run(setup, setup.vector().compose(theta, state), null, Map.of(), 0);
    Run ended = begun.continued(1, 4L * MICRO_BATCHES);
    for (float square : setup.vector().state(ended.vector)[0]) {
      assertTrue(square >= 0, "square " + square);
    }
    for (float value : ended.theta()) {
      assertTrue(Float.isFinite(value));
    }
  }

  @Test
  void virtualWorkersWithoutAnyExampleAreSkipped() {
    StepSchedule schedule = new StepSchedule(1, 1, 4);
    UpdatePlan plan = new Setup(4, 4, ADAM, NONE, State.AVERAGED, 1).plan();
    AveragedVector averaged = new AveragedVector(plan, 2);
    float[] vector = averaged.compose(new float[P], new float[2][P]);
    Setup alone = new Setup(1, 4, ADAM, NONE, State.AVERAGED, 1);
    InProcessCluster four = new InProcessCluster(4, averaged.serverPlan(NONE), vector, null, 0);
    InProcessCluster one = new InProcessCluster(1, averaged.serverPlan(NONE), vector, null, 0);
    for (InProcessCluster cluster : List.of(four, one)) {
      int v = cluster == four ? 4 : alone.virtualWorkers;
      LoopSpec span = span(v, 0, v, schedule, 0, 2);
      LocalSteps steps =
          new LocalSteps(
              span,
              averaged,
              new LinearModel(),
              new Batches(schedule, 0, v, 0, (m, worker) -> worker == 0 ? 3 : 0),
              LocalOptimizers.shared(plan));
      steps.receive(vector);
      new WorkerLoop(span, steps, cluster.exchange(), new Sums()).run();
    }
    assertArrayEquals(one.vector(), four.vector());
    assertFalse(Arrays.equals(vector, four.vector()));
  }

  /** What listeners hear of steps, added up. */
  private static final class Sums implements RoundListener {
    final Map<Long, Long> examples = new TreeMap<>();
    final Map<Long, Double> losses = new TreeMap<>();

    @Override
    public synchronized void contributed(Round round, TreeNode node, long[] counts, double[] sums) {
      for (int i = 0; i < round.steps(); i++) {
        examples.merge(round.firstStep() + i, counts[i], Long::sum);
        losses.merge(round.firstStep() + i, sums[i], Double::sum);
      }
    }

    @Override
    public void roundTaken(Round round, List<StepOutcome> outcomes) {}

    @Override
    public void epochTaken(int epochsTaken) {}
  }
}
