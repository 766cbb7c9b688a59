package dev.lockstep.trainer.loop;

/** Micro-batches of the linear model, in the order in which a worker needs them. */
final class Batches implements BatchSource {

  /** How many examples a micro-batch has. */
  interface Sizes {
    int examples(long microBatch, int virtualWorker);
  }

  private final StepSchedule pace;
  private final int from;
  private final int to;
  private final Sizes sizes;
  private int epoch;
  private long rowBegin;
  private long rowEnd;
  private long microBatch;
  private int virtualWorker;

  Batches(StepSchedule pace, int from, int to, long firstStep, Sizes sizes) {
    this.pace = pace;
    this.from = from;
    this.to = to;
    this.sizes = sizes;
    this.epoch = pace.epoch(firstStep);
    beginRow(pace.firstMicroBatch(firstStep));
  }

  private void beginRow(long first) {
    rowBegin = first;
    microBatch = first;
    virtualWorker = from;
    rowEnd =
        Math.min(
            pace.microBatchesPerEpoch(), (first / pace.consecutive() + 1) * pace.consecutive());
  }

  @Override
  public Batch next() {
    Batch batch =
        new Batch(
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
      boolean isEnd = rowEnd == pace.microBatchesPerEpoch();
      epoch += isEnd ? 1 : 0;
      beginRow(isEnd ? 0 : rowEnd);
    }
    return batch;
  }
}
