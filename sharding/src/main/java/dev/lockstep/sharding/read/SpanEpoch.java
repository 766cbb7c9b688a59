package dev.lockstep.sharding.read;

import dev.lockstep.sharding.plan.EpochPlan;
import dev.lockstep.sharding.store.BlockReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToLongFunction;

/** An epoch whose spans are read block after block: shuffled by windows or not at all. */
final class SpanEpoch implements EpochReader {

  private final StreamRequest request;
  private final EpochPlan plan;
  private final RowWriter rows;
  private final List<SpanReader> spans = new ArrayList<>();
  private final long windowLength;

  SpanEpoch(StreamRequest request, EpochPlan plan, RowWriter rows, BlockReader blocks) {
    this.request = request;
    this.plan = plan;
    this.rows = rows;
    windowLength = plan.window() == 0 ? request.batchSize() : plan.window();
    for (int v = request.vFrom(); v < request.vTo(); v++) {
      spans.add(new SpanReader(plan, v, request.split(), request.part(), rows, blocks));
    }
  }

  @Override
  public List<float[]> read(int v, long step) throws IOException {
    int examples = plan.batchLength(v, step, request.batchSize());
    List<float[]> values = rows.allocate(examples);
    spans.get(v - request.vFrom()).copy(step * request.batchSize(), examples, values);
    return values;
  }

  /** For the window that a virtual worker is in, or the one after it. */
  @Override
  public boolean readOneBlockAhead(IntToLongFunction nextStep) throws IOException {
    for (int i = 0; i < spans.size(); i++) {
      long from = windowStart(nextStep.applyAsLong(request.vFrom() + i) * request.batchSize());
      if (spans.get(i).readOneBlock(from, from + 2 * windowLength)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean readOneBlockOfTheBeginning() throws IOException {
    for (SpanReader span : spans) {
      if (span.readOneBlock(0, windowLength)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the step is in the last window of the longest span. */
  @Override
  public boolean endsIn(long step) {
    return windowStart(step * request.batchSize()) + windowLength >= plan.spanLength(0);
  }

  private long windowStart(long position) {
    return position - position % windowLength;
  }

  @Override
  public long heldExamples() {
    return spans.stream().mapToLong(SpanReader::heldExamples).sum();
  }
}
