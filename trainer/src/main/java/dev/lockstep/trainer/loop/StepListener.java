package dev.lockstep.trainer.loop;

/**
 * Told of progress by the worker's own thread, between a pull and the next push: no server can take
 * a further step before the call returns.
 */
public interface StepListener {

  /**
   * A step was taken.
   *
   * @param stepsTaken optimizer steps taken so far
   * @param epoch epochs completed before this step
   * @param outcome its sums
   */
  void stepTaken(long stepsTaken, int epoch, GradientExchange.Outcome outcome);

  /**
   * The last step of an epoch was taken; the replica holds the parameters after it.
   *
   * @param epochsTaken epochs completed so far
   */
  void epochTaken(int epochsTaken);
}
