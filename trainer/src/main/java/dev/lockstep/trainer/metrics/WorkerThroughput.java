package dev.lockstep.trainer.metrics;

import java.io.Serializable;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What one worker did in the training loop, and what its compute thread spent the time on. Crosses
 * from executor to driver.
 *
 * @param worker index, in [0, W)
 * @param executor Spark's id of its executor
 * @param host of that
 * @param virtualWorkers that it played
 * @param examples whose gradients it computed
 * @param seconds in the loop
 */
public record WorkerThroughput(
    int worker, String executor, String host, int virtualWorkers, long examples, Seconds seconds)
    implements Serializable {

  /**
   * What the time was spent on. What none of the parts counts are sums, compression, local
   * optimizer steps and copies.
   *
   * @param total validation and checkpoints included
   * @param gradients computing them
   * @param data waiting for micro-batches to train on
   * @param parameters waiting until pushes were taken and parameters had come: for servers and for
   *     slower workers
   * @param betweenRounds validating, saving and reporting
   */
  public record Seconds(
      double total, double gradients, double data, double parameters, double betweenRounds)
      implements Serializable {

    /** The sums. */
    Seconds plus(Seconds other) {
      return new Seconds(
          total + other.total,
          gradients + other.gradients,
          data + other.data,
          parameters + other.parameters,
          betweenRounds + other.betweenRounds);
    }
  }

  /** Training examples a second, validation included. */
  public double examplesPerSecond() {
    return examples / seconds.total();
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
        seconds.plus(later.seconds));
  }

  /**
   * Joins what the same worker did on the same executor in several attempts.
   *
   * @return ascending by worker
   */
  public static List<WorkerThroughput> ofTasks(List<WorkerThroughput> ofAttempts) {
    return ofAttempts.stream()
        .collect(
            Collectors.toMap(
                one -> List.of(one.worker, one.executor, one.host),
                one -> one,
                WorkerThroughput::plus,
                LinkedHashMap::new))
        .values()
        .stream()
        .sorted(Comparator.comparingInt(WorkerThroughput::worker))
        .toList();
  }
}
