package dev.lockstep.trainer.loop;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.read.MicroBatchStream;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * What a worker's compute thread spends its time on. Activities do not overlap; what is left of the
 * whole are sums, compression, local optimizer steps and copies. Lives in an executor; used by that
 * one thread.
 */
public final class LoopClock {

  private final LongSupplier nanoTime;
  private final Map<Activity, Long> spent = new EnumMap<>(Activity.class);
  private long examples;

  /** What takes time. */
  public enum Activity {
    /** All that the loop does, from its first micro-batch to its last pull. */
    LOOP,
    /** Computing gradient sums of micro-batches. */
    GRADIENTS,
    /** Waiting for micro-batches. */
    DATA,
    /** Waiting for pushes to be taken, and for pulled parameters: other workers' time as well. */
    PARAMETERS,
    /** Reports, checkpoints and validation. */
    BETWEEN_ROUNDS
  }

  /** Nothing spent yet. */
  public LoopClock() {
    this(System::nanoTime);
  }

  LoopClock(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  long now() {
    return nanoTime.getAsLong();
  }

  /** Books what has passed since {@link #now} was asked. */
  void book(Activity activity, long since) {
    spent.merge(activity, now() - since, Long::sum);
  }

  /** Seconds spent so far; of {@link Activity#LOOP} once it is over. */
  public double seconds(Activity activity) {
    return spent.getOrDefault(activity, 0L) / 1e9;
  }

  /** Examples whose gradients were computed. */
  public long examples() {
    return examples;
  }

  /** The same micro-batches, whose waits are booked. */
  public BatchSource timed(BatchSource batches) {
    return () -> {
      long began = now();
      MicroBatchStream.Item item = batches.next();
      book(Activity.DATA, began);
      return item;
    };
  }

  /** The same replica, whose gradients are booked. Closing it closes that. */
  public GradientSource timed(GradientSource replica) {
    return new GradientSource() {
      @Override
      public int parameterCount() {
        return replica.parameterCount();
      }

      @Override
      public void setParameters(float[] theta) {
        replica.setParameters(theta);
      }

      @Override
      public ExampleSums gradient(MicroBatch batch, Position at, float[] gradient) {
        long began = now();
        ExampleSums sums = replica.gradient(batch, at, gradient);
        book(Activity.GRADIENTS, began);
        examples += sums.examples();
        return sums;
      }

      @Override
      public void close() {
        replica.close();
      }
    };
  }
}
