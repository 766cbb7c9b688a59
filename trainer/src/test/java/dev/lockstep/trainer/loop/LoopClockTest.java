package dev.lockstep.trainer.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.protocol.Consistency;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.trainer.loop.LoopClock.Activity;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoopClockTest {

  /** Six steps of two epochs, two virtual workers, four examples each. */
  private static final StepSchedule SCHEDULE = new StepSchedule(3, 1, 1);

  private long nanos;

  @Test
  void timeIsBookedToWhatTheComputeThreadDidOrWaitedFor() {
    LoopClock clock = new LoopClock(() -> nanos);
    LoopSpec span =
        new LoopSpec(
            1,
            new LoopSpec.VirtualWorkers(0, 2, 2),
            new SyncPoints(SCHEDULE, 0, 6),
            0,
            PriorTraining.NONE,
            new Consistency.Sync(),
            0);
    Batches batches = new Batches(SCHEDULE, 0, 2, 0, (microBatch, virtualWorker) -> 4);
    GradientSource replica = clock.timed(new SlowModel());
    replica.setParameters(new float[LinearModel.P]);
    BatchSource slow =
        clock.timed(
            () -> {
              nanos += 3_000;
              return batches.next();
            });
    new WorkerLoop(
            span, new GlobalGradient(span, replica, slow), new SlowPulls(), new Slow(), clock)
        .run();
    assertEquals(12 * 3e-6, clock.seconds(Activity.DATA), 1e-12);
    assertEquals(12 * 50e-6, clock.seconds(Activity.GRADIENTS), 1e-12);
    // One pull before the first step, and one after each.
    assertEquals(7 * 700e-6, clock.seconds(Activity.PARAMETERS), 1e-12);
    assertEquals(6 * 10e-6 + 2 * 1000e-6, clock.seconds(Activity.BETWEEN_ROUNDS), 1e-12);
    assertEquals(
        12 * 53e-6 + 6 * 710e-6 + 700e-6 + 2 * 1000e-6,
        clock.seconds(Activity.LOOP),
        1e-12,
        "all of it");
    assertEquals(48, clock.examples());
  }

  /** Takes 50 µs for a gradient. */
  private final class SlowModel implements GradientSource {
    private final LinearModel model = new LinearModel();

    @Override
    public int parameterCount() {
      return model.parameterCount();
    }

    @Override
    public void setParameters(float[] theta) {
      model.setParameters(theta);
    }

    @Override
    public ExampleSums gradient(MicroBatch batch, Position at, float[] gradient) {
      nanos += 50_000;
      return model.gradient(batch, at, gradient);
    }

    @Override
    public void close() {}
  }

  /** Takes 700 µs for a pull. */
  private final class SlowPulls implements GradientExchange {
    @Override
    public void push(StepKey when, TreeNode node, Contribution sums, float[] vector) {}

    @Override
    public Pulled pull(long version, long outcomesFrom, float[] vector) {
      nanos += 700_000;
      return new Pulled(version, List.of());
    }
  }

  /** Takes 10 µs after a round, and 1 ms after an epoch. */
  private final class Slow implements RoundListener {
    @Override
    public void contributed(Round round, TreeNode node, long[] examples, double[] losses) {}

    @Override
    public void roundTaken(Round round, List<StepOutcome> outcomes) {
      nanos += 10_000;
    }

    @Override
    public void epochTaken(int epochsTaken) {
      nanos += 1_000_000;
    }
  }
}
