package dev.lockstep.ps.compress;

import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.UpdatePlan;
import java.util.ArrayList;
import java.util.List;

/**
 * Ranges of θ, ascending and apart.
 *
 * @param ranges none is empty
 */
record Ranges(List<Range> ranges) {

  /** Checks the order. */
  public Ranges {
    ranges = List.copyOf(ranges);
    int end = 0;
    for (Range range : ranges) {
      if (range.from < end || range.to <= range.from) {
        throw new IllegalArgumentException(
            "range [%d, %d) is empty or begins before %d, where the one before it ends"
                .formatted(range.from, range.to, end));
      }
      end = range.to;
    }
  }

  /**
   * The elements {@code [from, to)} of θ.
   *
   * @param from first element
   * @param to one after the last
   */
  public record Range(int from, int to) {}

  /** The elements that have a gradient: all but the statistics, which are sent as they are. */
  public static Ranges ofGradients(UpdatePlan plan) {
    List<Range> ranges = new ArrayList<>();
    for (int b = 0; b < plan.rules().size(); b++) {
      Block block = plan.layout().blocks().get(b);
      if (plan.rules().get(b).optimizer() instanceof OptimizerSpec.Assign) {
        continue;
      }
      int last = ranges.size() - 1;
      if (last >= 0 && ranges.get(last).to == block.offset()) {
        ranges.set(last, new Range(ranges.get(last).from, block.end()));
      } else {
        ranges.add(new Range(block.offset(), block.end()));
      }
    }
    return new Ranges(ranges);
  }

  /** Number of elements in all ranges. */
  public int elements() {
    return ranges.stream().mapToInt(range -> range.to - range.from).sum();
  }

  /** One after the last element of the last range; 0 without ranges. */
  public int end() {
    return ranges.isEmpty() ? 0 : ranges.get(ranges.size() - 1).to;
  }
}
