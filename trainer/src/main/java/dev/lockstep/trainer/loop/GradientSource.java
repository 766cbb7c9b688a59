package dev.lockstep.trainer.loop;

import dev.lockstep.sharding.MicroBatch;

/**
 * One replica of the model, seen by the loop: parameters in, gradient sums out. Lives in an
 * executor; used by one thread at a time.
 */
public interface GradientSource extends AutoCloseable {

  /** Length P of θ. */
  int parameterCount();

  /**
   * Copies θ into the replica.
   *
   * @param theta length P; not kept
   */
  void setParameters(float[] theta);

  /**
   * Computes the gradient <em>sum</em> over the examples of a micro-batch at the replica's
   * parameters. The result depends on the arguments and the parameters alone: before computing, the
   * thread's random generator is seeded from {@code seed}.
   *
   * @param batch at least one example
   * @param at where in the run this is
   * @param gradient receives P floats; overwritten
   * @return what the examples added up to
   */
  ExampleSums gradient(MicroBatch batch, Position at, float[] gradient);

  @Override
  void close();

  /**
   * Where in a run a micro-batch is computed.
   *
   * @param seed of this micro-batch: a hash of (run seed, step, virtual worker)
   * @param step optimizer steps taken before this one (DL4J's iteration count)
   * @param epoch epochs completed before this one
   */
  record Position(long seed, long step, int epoch) {}

  /**
   * Sums over the examples of a micro-batch.
   *
   * @param examples how many
   * @param loss sum of their losses, without regularisation terms
   */
  record ExampleSums(int examples, double loss) {}
}
