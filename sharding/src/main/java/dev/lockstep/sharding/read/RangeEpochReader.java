package dev.lockstep.sharding.read;

import dev.lockstep.sharding.plan.EpochPlan;
import dev.lockstep.sharding.store.BlockReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToLongFunction;

/** An epoch whose ranges are read block after block: shuffled by windows or not at all. */
final class RangeEpochReader implements EpochReader {

  private final StreamRequest request;
  private final EpochPlan plan;
  private final RowWriter rows;
  private final List<RangeReader> ranges = new ArrayList<>();
  private final long windowLength;

  RangeEpochReader(StreamRequest request, EpochPlan plan, RowWriter rows, BlockReader blocks) {
    this.request = request;
    this.plan = plan;
    this.rows = rows;
    windowLength = plan.window() == 0 ? request.batchSize() : plan.window();
    for (int v = request.workers().from(); v < request.workers().to(); v++) {
      ranges.add(
          new RangeReader(
              plan, v, request.examples().holdout(), request.examples().split(), rows, blocks));
    }
  }

  @Override
  public List<float[]> read(int v, long step) throws IOException {
    int examples = plan.batchLength(v, step, request.batchSize());
    List<float[]> values = rows.allocate(examples);
    ranges.get(v - request.workers().from()).copy(step * request.batchSize(), examples, values);
    return values;
  }

  /** For the window that a virtual worker is in, or the one after it. */
  @Override
  public boolean readOneBlockAhead(IntToLongFunction nextStep) throws IOException {
    for (int i = 0; i < ranges.size(); i++) {
      long from =
          windowStart(nextStep.applyAsLong(request.workers().from() + i) * request.batchSize());
      if (ranges.get(i).readOneBlock(from, from + 2 * windowLength)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean readOneBlockOfTheBeginning() throws IOException {
    for (RangeReader range : ranges) {
      if (range.readOneBlock(0, windowLength)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the step is in the last window of the longest range. */
  @Override
  public boolean endsIn(long step) {
    return windowStart(step * request.batchSize()) + windowLength >= plan.rangeLength(0);
  }

  private long windowStart(long position) {
    return position - position % windowLength;
  }

  @Override
  public long heldExamples() {
    return ranges.stream().mapToLong(RangeReader::heldExamples).sum();
  }
}
