package dev.lockstep.trainer.metrics;

import java.io.Serializable;

/**
 * What one worker did in the training loop, and what its compute thread spent the time on. Crosses
 * from executor to driver.
 *
 * @param worker index, in [0, W)
 * @param executor Spark's id of its executor
 * @param host of that
 * @param virtualWorkers that it played
 * @param examples whose gradients it computed
 * @param seconds in the loop, validation and checkpoints included
 * @param gradientSeconds of these, computing gradients
 * @param dataSeconds of these, waiting for micro-batches to train on
 * @param parameterSeconds of these, waiting until pushes were taken and parameters had come: for
 *     servers and for slower workers
 * @param betweenRoundsSeconds of these, validating, saving and reporting; the rest are sums,
 *     compression, local optimizer steps and copies
 */
public record WorkerThroughput(
    int worker,
    String executor,
    String host,
    int virtualWorkers,
    long examples,
    double seconds,
    double gradientSeconds,
    double dataSeconds,
    double parameterSeconds,
    double betweenRoundsSeconds)
    implements Serializable {

  /** Training examples a second, validation included. */
  public double examplesPerSecond() {
    return examples / seconds;
  }

  /** Whether both speak of the same worker on the same executor. */
  public boolean isOfSameTask(WorkerThroughput other) {
    return worker == other.worker && executor.equals(other.executor) && host.equals(other.host);
  }

  /**
   * What the same worker did in two attempts of a run.
   *
   * @throws IllegalArgumentException if it was not on the same executor
   */
  public WorkerThroughput plus(WorkerThroughput later) {
    if (!isOfSameTask(later)) {
      throw new IllegalArgumentException(
          "worker=%d on executor=%s of %s and worker=%d on executor=%s of %s: add those of one"
              .formatted(worker, executor, host, later.worker, later.executor, later.host));
    }
    return new WorkerThroughput(
        worker,
        executor,
        host,
        virtualWorkers,
        examples + later.examples,
        seconds + later.seconds,
        gradientSeconds + later.gradientSeconds,
        dataSeconds + later.dataSeconds,
        parameterSeconds + later.parameterSeconds,
        betweenRoundsSeconds + later.betweenRoundsSeconds);
  }
}
