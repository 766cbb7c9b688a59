package dev.lockstep.sharding.read;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.augment.Augmenter;
import dev.lockstep.sharding.plan.EpochPlan;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.read.MicroBatchStream.Item;
import dev.lockstep.sharding.store.BlockReader;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Puts micro-batches together from blocks, in the order of the epoch plans. Used by the reading
 * thread of one stream.
 */
final class BatchAssembler {

  private final StreamRequest request;
  private final BlockReader blocks;
  private final int[] sizes;

  private Epoch current;
  private Epoch following;

  /** Steps {@code [rowBegin, rowEnd)} are those of the virtual workers' rows, one after another. */
  private long rowBegin;

  private long rowEnd;
  private long step;
  private int v;

  BatchAssembler(StreamRequest request, BlockReader blocks) {
    this.request = request;
    this.blocks = blocks;
    sizes = request.examples().holdout().sizes(request.examples().split());
    current = epoch(request.epochs().start());
    beginRows(request.epochs().startStep());
  }

  private void beginRows(long at) {
    int consecutive = request.reading().consecutive();
    rowBegin = at;
    rowEnd = at - at % consecutive + consecutive;
    if (current != null) {
      rowEnd = Math.min(rowEnd, current.steps);
    }
    step = at;
    v = request.workers().from();
  }

  /** The next item, or null after the last. */
  Item next() throws IOException {
    while (current != null && step == current.steps) {
      current = following != null ? following : epoch(current.number + 1);
      following = null;
      beginRows(0);
    }
    if (current == null) {
      return null;
    }
    Item item = new Item(current.number, step, v, current.batch(v, step));
    step++;
    if (step == rowEnd) {
      step = rowBegin;
      v++;
    }
    if (v == request.workers().to()) {
      beginRows(rowEnd);
    }
    return item;
  }

  /** The step that a virtual worker reads next. */
  private long position(int virtualWorker) {
    if (virtualWorker == v) {
      return step;
    }
    return virtualWorker < v ? rowEnd : rowBegin;
  }

  /**
   * Reads a block that will be needed for the windows after the current ones.
   *
   * @return false when there is none to read now
   */
  boolean readOneBlockAhead() throws IOException {
    if (current == null) {
      return false;
    }
    if (current.reader.readOneBlockAhead(this::position)) {
      return true;
    }
    if (!current.reader.endsIn(rowBegin)) {
      return false;
    }
    if (following == null) {
      following = epoch(current.number + 1);
    }
    return following != null && following.reader.readOneBlockOfTheBeginning();
  }

  /** Examples held now, in decoded blocks or in gathered micro-batches. */
  long heldExamples() {
    return Stream.of(current, following)
        .filter(Objects::nonNull)
        .mapToLong(epoch -> epoch.reader.heldExamples())
        .sum();
  }

  private Epoch epoch(int number) {
    return number < request.epochs().end() ? new Epoch(number) : null;
  }

  /** One epoch: its plan and who reads it. */
  private final class Epoch {
    private final int number;
    private final EpochPlan plan;
    private final long steps;
    private final EpochReader reader;

    Epoch(int number) {
      this.number = number;
      plan =
          EpochPlan.of(
              request.order().seed(),
              number,
              request.workers().total(),
              sizes,
              request.order().shuffle());
      steps = plan.steps(request.batchSize());
      long firstStep = number == request.epochs().start() ? request.epochs().startStep() : 0;
      if (firstStep > steps) {
        throw new IllegalArgumentException(
            "startStep=%d > %d steps of an epoch".formatted(firstStep, steps));
      }
      List<TensorSpec> tensors = request.dataset().manifest().tensors();
      RowWriter rows =
          new RowWriter(
              tensors,
              new Augmenter(
                  request.examples().augmentation(), tensors, request.order().seed(), number));
      reader =
          request.order().shuffle().kind() == Shuffle.Kind.FULL
              ? new GatheringEpochReader(request, plan, firstStep, rows, blocks)
              : new RangeEpochReader(request, plan, rows, blocks);
    }

    MicroBatch batch(int v, long step) throws IOException {
      return new MicroBatch(
          plan.batchLength(v, step, request.batchSize()),
          request.dataset().manifest().tensors(),
          reader.read(v, step));
    }
  }
}
