package dev.lockstep.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.compress.LeafCompressor;
import dev.lockstep.ps.protocol.Consistency;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.PairwiseTree;
import dev.lockstep.ps.reduce.Rounding;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.reduce.TreeReduction;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.plan.Seeds;
import dev.lockstep.sharding.read.MicroBatchStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkerLoopTest {

  private static final int P = 101;
  private static final long SEED = 3;
  private static final long STEPS_PER_EPOCH = 3;
  private static final long STEPS = 2 * STEPS_PER_EPOCH;

  @ParameterizedTest
  @CsvSource({"4,1", "4,2", "4,3", "4,4", "6,1", "6,2", "6,4", "6,5", "7,3", "1,1", "13,5"})
  void pushedSumsAreThoseOfTheTreeHoweverTheVirtualWorkersAreDealt(int v, int w) {
    List<float[]> expected = steps(v, 1, 0);
    List<float[]> actual = steps(v, w, 0);
    List<float[]> split = steps(v, w, 1);
    List<float[]> leaves = steps(v, w, 9);
    for (int step = 0; step < STEPS; step++) {
      assertArrayEquals(expected.get(step), actual.get(step), "step " + step);
      assertArrayEquals(recursiveSum(v, step), actual.get(step), "step " + step);
      assertArrayEquals(expected.get(step), split.get(step), "step " + step);
      assertArrayEquals(expected.get(step), leaves.get(step), "step " + step);
    }
  }

  @Test
  void noMoreVectorsLiveThanTheTreeIsHigh() {
    Replica replica = new Replica();
    run(16, 0, 16, 0, replica, new Pushes(new PairwiseTree(16)));
    assertTrue(replica.vectors.size() <= 4 + 2, "vectors=" + replica.vectors.size());
  }

  @Test
  void countsAndSeedsAreThoseOfTheRunAndTheModel() {
    Replica replica = new Replica();
    Pushes pushes = new Pushes(new PairwiseTree(2));
    run(
        new LoopSpec(
            SEED,
            new LoopSpec.VirtualWorkers(0, 2, 2),
            new SyncPoints(new StepSchedule(STEPS_PER_EPOCH, 1, 1), 0, 5),
            4,
            new PriorTraining(1000, 70),
            new Consistency.Sync(),
            0),
        replica,
        new Batches(2, 0, 2, 4),
        pushes,
        new Silence());
    assertEquals(1005, pushes.reductions.size());
    assertEquals(
        List.of(
            new GradientSource.Position(Seeds.mix(SEED, 4, 0), 1004, 71),
            new GradientSource.Position(Seeds.mix(SEED, 4, 1), 1004, 71)),
        replica.positions);
  }

  @Test
  void listenersHearOfEveryStepAndEveryEpochInOrder() {
    List<String> heard = new ArrayList<>();
    RoundListener listener =
        new RoundListener() {
          @Override
          public void contributed(Round round, TreeNode node, long[] examples, double[] losses) {
            heard.add("push " + round.endStep() + " of " + examples[0]);
          }

          @Override
          public void roundTaken(Round round, List<StepOutcome> outcomes) {
            heard.add("step " + round.endStep());
          }

          @Override
          public void epochTaken(int epochsTaken) {
            heard.add("epoch " + epochsTaken);
          }
        };
    run(
        new LoopSpec(
            SEED,
            new LoopSpec.VirtualWorkers(0, 1, 1),
            new SyncPoints(new StepSchedule(2, 1, 1), 0, 3),
            0,
            PriorTraining.NONE,
            new Consistency.Sync(),
            0),
        new Replica(),
        new Batches(1, 0, 1, 0, 2),
        new Pushes(new PairwiseTree(1)),
        listener);
    assertEquals(
        List.of(
            "push 1 of 5", "step 1", "push 2 of 5", "step 2", "epoch 1", "push 3 of 5", "step 3"),
        heard);
  }

  private static List<float[]> steps(int v, int w, int split) {
    Pushes pushes = new Pushes(new PairwiseTree(v));
    for (int worker = 0; worker < w; worker++) {
      run(v, worker * v / w, (worker + 1) * v / w, split, new Replica(), pushes);
    }
    List<float[]> sums = new ArrayList<>();
    pushes.reductions.forEach(reduction -> sums.add(reduction.result()));
    return sums;
  }

  private static void run(int v, int from, int to, int split, Replica replica, Pushes pushes) {
    run(
        new LoopSpec(
            SEED,
            new LoopSpec.VirtualWorkers(from, to, v),
            new SyncPoints(new StepSchedule(STEPS_PER_EPOCH, 1, 1), 0, STEPS),
            0,
            PriorTraining.NONE,
            new Consistency.Sync(),
            split),
        replica,
        new Batches(v, from, to, 0),
        pushes,
        new Silence());
  }

  private static void run(
      LoopSpec span, Replica replica, BatchSource batches, Pushes pushes, RoundListener listener) {
    new WorkerLoop(
            span,
            new GlobalGradient(span, replica, batches, LeafCompressor.rounding(Rounding.NONE)),
            pushes,
            listener)
        .run();
  }

  /** The definition, written once more: left half plus right half of the aligned range. */
  private static float[] recursiveSum(int v, long step) {
    int leaves = Integer.highestOneBit(Math.max(1, 2 * v - 1));
    return recursiveSum(0, leaves, v, step);
  }

  private static float[] recursiveSum(int from, int length, int v, long step) {
    if (from >= v) {
      return null;
    }
    if (length == 1) {
      return isEmpty(step, from) ? null : gradient(Seeds.mix(SEED, step, from));
    }
    float[] left = recursiveSum(from, length / 2, v, step);
    float[] right = recursiveSum(from + length / 2, length / 2, v, step);
    if (left == null || right == null) {
      return left == null ? right : left;
    }
    float[] sum = new float[P];
    for (int i = 0; i < P; i++) {
      sum[i] = left[i] + right[i];
    }
    return sum;
  }

  private static boolean isEmpty(long step, int virtualWorker) {
    return step % STEPS_PER_EPOCH == STEPS_PER_EPOCH - 1 && virtualWorker % 3 == 1;
  }

  private static float[] gradient(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] gradient = new float[P];
    for (int i = 0; i < P; i++) {
      gradient[i] = (float) Math.scalb(random.nextDouble() - 0.5, random.nextInt(20) - 10);
    }
    return gradient;
  }

  /** A "model" whose gradient is random numbers of the position's seed. */
  private static final class Replica implements GradientSource {
    final List<Position> positions = new ArrayList<>();
    final Set<float[]> vectors = Collections.newSetFromMap(new IdentityHashMap<>());

    @Override
    public int parameterCount() {
      return P;
    }

    @Override
    public void setParameters(float[] theta) {
      assertEquals(P, theta.length);
    }

    @Override
    public ExampleSums gradient(MicroBatch batch, Position at, float[] gradient) {
      positions.add(at);
      vectors.add(gradient);
      System.arraycopy(WorkerLoopTest.gradient(at.seed()), 0, gradient, 0, P);
      return new ExampleSums(batch.examples(), 1);
    }

    @Override
    public void close() {}
  }

  /** Micro-batches without tensors, some of them empty. */
  private static final class Batches implements BatchSource {
    private final int from;
    private final int to;
    private final long stepsPerEpoch;
    private long step;
    private int next;

    Batches(int v, int from, int to, long firstStep) {
      this(v, from, to, firstStep, STEPS_PER_EPOCH);
    }

    Batches(int v, int from, int to, long firstStep, long stepsPerEpoch) {
      assertTrue(to <= v);
      this.from = from;
      this.to = to;
      this.step = firstStep;
      this.next = from;
      this.stepsPerEpoch = stepsPerEpoch;
    }

    @Override
    public MicroBatchStream.Item next() {
      int examples = stepsPerEpoch == STEPS_PER_EPOCH && isEmpty(step, next) ? 0 : 5;
      MicroBatchStream.Item batch =
          new MicroBatchStream.Item(
              (int) (step / stepsPerEpoch),
              step % stepsPerEpoch,
              next,
              new MicroBatch(examples, List.of(), List.of()));
      next++;
      if (next == to) {
        next = from;
        step++;
      }
      return batch;
    }
  }

  /** Keeps what was pushed, reduced as a server would. */
  private static final class Pushes implements GradientExchange {
    private final PairwiseTree tree;
    final List<TreeReduction<float[]>> reductions = new ArrayList<>();

    Pushes(PairwiseTree tree) {
      this.tree = tree;
    }

    @Override
    public void push(StepKey when, TreeNode node, Contribution sums, float[] gradient) {
      while (reductions.size() <= when.step()) {
        reductions.add(TreeReduction.ofVectors(tree));
      }
      reductions.get((int) when.step()).add(node, sums.examples() == 0 ? null : gradient.clone());
    }

    @Override
    public Pulled pull(long version, long outcomesFrom, float[] theta) {
      return new Pulled(version, List.of());
    }
  }

  private static final class Silence implements RoundListener {
    @Override
    public void contributed(Round round, TreeNode node, long[] examples, double[] losses) {}

    @Override
    public void roundTaken(Round round, List<StepOutcome> outcomes) {}

    @Override
    public void epochTaken(int epochsTaken) {}
  }
}
