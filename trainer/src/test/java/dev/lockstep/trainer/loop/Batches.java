package dev.lockstep.trainer.loop;

import dev.lockstep.sharding.read.MicroBatchStream;

/** Micro-batches of the linear model, in the order in which a worker needs them. */
final class Batches implements BatchSource {

  /** How many examples a micro-batch has. */
  interface Sizes {
    int examples(long microBatch, int virtualWorker);
  }

  private final StepSchedule schedule;
  private final int from;
  private final int to;
  private final Sizes sizes;
  private int epoch;
  private long rowBegin;
  private long rowEnd;
  private long microBatch;
  private int virtualWorker;

  Batches(StepSchedule schedule, int from, int to, long firstStep, Sizes sizes) {
    this.schedule = schedule;
    this.from = from;
    this.to = to;
    this.sizes = sizes;
    this.epoch = schedule.epoch(firstStep);
    beginRow(schedule.firstMicroBatch(firstStep));
  }

  private void beginRow(long first) {
    rowBegin = first;
    microBatch = first;
    virtualWorker = from;
    rowEnd =
        Math.min(
            schedule.microBatchesPerEpoch(),
            (first / schedule.consecutive() + 1) * schedule.consecutive());
  }

  @Override
  public MicroBatchStream.Item next() {
    MicroBatchStream.Item batch =
        new MicroBatchStream.Item(
            epoch,
            microBatch,
            virtualWorker,
            LinearModel.batch(
                epoch, microBatch, virtualWorker, sizes.examples(microBatch, virtualWorker)));
    if (++microBatch == rowEnd) {
      microBatch = rowBegin;
      virtualWorker++;
    }
    if (virtualWorker == to) {
      boolean isEnd = rowEnd == schedule.microBatchesPerEpoch();
      epoch += isEnd ? 1 : 0;
      beginRow(isEnd ? 0 : rowEnd);
    }
    return batch;
  }
}
