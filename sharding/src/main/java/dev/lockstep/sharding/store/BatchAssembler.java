package dev.lockstep.sharding.store;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.EpochPlan;
import dev.lockstep.sharding.store.MicroBatchStream.Item;
import java.io.IOException;
import java.util.ArrayList;
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
    sizes = request.split().sizes(request.part());
    current = epoch(request.startEpoch());
    if (current != null && request.startStepInEpoch() > current.steps) {
      throw new IllegalArgumentException(
          "startStepInEpoch=%d > %d steps of an epoch"
              .formatted(request.startStepInEpoch(), current.steps));
    }
    beginRows(request.startStepInEpoch());
  }

  private void beginRows(long at) {
    int consecutive = request.consecutive();
    rowBegin = at;
    rowEnd = at - at % consecutive + consecutive;
    if (current != null) {
      rowEnd = Math.min(rowEnd, current.steps);
    }
    step = at;
    v = request.vFrom();
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
    Item item = new Item(current.number, step, v, batch());
    step++;
    if (step == rowEnd) {
      step = rowBegin;
      v++;
    }
    if (v == request.vTo()) {
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

  private MicroBatch batch() throws IOException {
    List<TensorSpec> tensors = request.dataset().shardSet().tensors();
    int examples = current.plan.batchLength(v, step, request.batchSize());
    List<float[]> values = new ArrayList<>();
    for (TensorSpec tensor : tensors) {
      values.add(new float[Math.multiplyExact(examples, tensor.elements())]);
    }
    current.spans.get(v - request.vFrom()).copy(step * request.batchSize(), examples, values);
    return new MicroBatch(examples, tensors, values);
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
    if (current.readOneBlockAhead()) {
      return true;
    }
    if (!current.endsIn(rowBegin)) {
      return false;
    }
    if (following == null) {
      following = epoch(current.number + 1);
    }
    return following != null && following.readFirstWindow();
  }

  /** Examples of the decoded blocks held now. */
  long heldExamples() {
    return Stream.of(current, following)
        .filter(Objects::nonNull)
        .flatMap(epoch -> epoch.spans.stream())
        .mapToLong(SpanReader::heldExamples)
        .sum();
  }

  private Epoch epoch(int number) {
    return number < request.endEpoch() ? new Epoch(number) : null;
  }

  /** One epoch: its plan and a reader for each span. */
  private final class Epoch {
    private final int number;
    private final EpochPlan plan;
    private final long steps;
    private final List<SpanReader> spans = new ArrayList<>();

    Epoch(int number) {
      this.number = number;
      plan =
          EpochPlan.of(request.seed(), number, request.virtualWorkers(), sizes, request.window());
      steps = plan.steps(request.batchSize());
      for (int each = request.vFrom(); each < request.vTo(); each++) {
        spans.add(new SpanReader(plan, each, request.split(), request.part(), blocks));
      }
    }

    /** Reads one block for the window that a virtual worker is in, or the one after it. */
    boolean readOneBlockAhead() throws IOException {
      for (int i = 0; i < spans.size(); i++) {
        long from = windowStart(position(request.vFrom() + i) * request.batchSize());
        if (spans.get(i).readOneBlock(from, from + 2 * windowLength())) {
          return true;
        }
      }
      return false;
    }

    boolean readFirstWindow() throws IOException {
      for (SpanReader span : spans) {
        if (span.readOneBlock(0, windowLength())) {
          return true;
        }
      }
      return false;
    }

    /** Whether a step is in the last window of the longest span. */
    boolean endsIn(long atStep) {
      return windowStart(atStep * request.batchSize()) + windowLength() >= plan.spanLength(0);
    }

    private long windowLength() {
      return request.window() == 0 ? request.batchSize() : request.window();
    }

    private long windowStart(long position) {
      return position - position % windowLength();
    }
  }
}
