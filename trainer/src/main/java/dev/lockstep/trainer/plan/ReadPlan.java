package dev.lockstep.trainer.plan;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.loop.StepSchedule;

/**
 * Which examples a run reads, in which order: its split of the dataset, and the requests of its
 * workers.
 *
 * @param config of the run
 * @param dataset of the run
 */
public record ReadPlan(TrainingConfig config, ShardedDataset dataset) {

  private static final int PREFETCHED_STEPS = 2;

  /**
   * Which examples are held out for validation, by the configuration or by the dataset's writer.
   */
  public Holdout split() {
    return dataset
        .manifest()
        .holdout(config.optimization().seed(), config.data().validationFraction());
  }

  /** Whether any examples are held out for validation. */
  public boolean validates() {
    return split().examples(Split.VALIDATION) > 0;
  }

  /**
   * What a worker that plays the virtual workers {@code [from, to)} reads to train.
   *
   * @param firstStep steps of the run taken before
   */
  public StreamRequest training(int from, int to, long firstStep, StepSchedule schedule) {
    return training(
        workers(from, to),
        new EpochRange(
            schedule.epoch(firstStep),
            schedule.firstMicroBatch(firstStep),
            config.optimization().epochs()),
        schedule.consecutive());
  }

  /** What all virtual workers together read to train in one epoch, a micro-batch each in turn. */
  public StreamRequest trainingEpoch(int epoch) {
    return training(workers(0, config.mode().virtualWorkers()), EpochRange.only(epoch), 1);
  }

  private StreamRequest training(Workers workers, EpochRange epochs, int consecutive) {
    return new StreamRequest(
        dataset,
        new Examples(split(), Split.TRAINING, config.data().augmentation()),
        new Order(config.optimization().seed(), config.order().shuffleOf(dataset.manifest())),
        workers,
        config.data().batchSize(),
        epochs,
        new Reading(prefetch(workers), consecutive, config.order().memory().bytes()));
  }

  /**
   * What a worker that plays the virtual workers {@code [from, to)} reads to validate: its part of
   * all validation examples, in the order of the files.
   */
  public StreamRequest validation(int from, int to) {
    Workers workers = workers(from, to);
    return new StreamRequest(
        dataset,
        Examples.of(split(), Split.VALIDATION),
        new Order(config.optimization().seed(), Shuffle.NONE),
        workers,
        config.data().batchSize(),
        EpochRange.only(0),
        Reading.ahead(prefetch(workers)));
  }

  private Workers workers(int from, int to) {
    return new Workers(config.mode().virtualWorkers(), from, to);
  }

  private static int prefetch(Workers workers) {
    return PREFETCHED_STEPS * (workers.to() - workers.from());
  }
}
