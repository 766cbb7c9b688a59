package dev.lockstep.sharding.read;

import dev.lockstep.sharding.plan.EpochPlan;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.store.BlockReader;
import dev.lockstep.sharding.store.Column;
import java.io.IOException;
import java.util.List;
import java.util.TreeMap;

/**
 * The examples of one range, by range position, for positions that only grow. Holds the blocks of
 * the current window, and those of the next one as far as they were asked for.
 */
final class RangeReader {

  private final EpochPlan plan;
  private final int v;
  private final Holdout holdout;
  private final Split split;
  private final RowWriter rows;
  private final BlockReader blocks;

  /** Decoded blocks by their place in the epoch's order. */
  private final TreeMap<Integer, Loaded> loaded = new TreeMap<>();

  /** The block that was read from last, or null. */
  private Loaded recent;

  /** The window whose order is at hand, or -1. */
  private long window = -1;

  private int[] order;

  RangeReader(
      EpochPlan plan, int v, Holdout holdout, Split split, RowWriter rows, BlockReader blocks) {
    this.plan = plan;
    this.v = v;
    this.holdout = holdout;
    this.split = split;
    this.rows = rows;
    this.blocks = blocks;
  }

  /** Copies the examples at range positions {@code [from, from + count)} into rows 0, 1, …. */
  void copy(long from, int count, List<float[]> values) throws IOException {
    int row = 0;
    while (row < count) {
      long at = from + row;
      long end = from + count;
      if (plan.window() == 0) {
        need(at, end);
        for (long position = at; position < end; position++) {
          copyRow(plan.rangeStart(v) + position, row++, values);
        }
      } else {
        long k = at / plan.window();
        long first = k * plan.window();
        if (k != window) {
          order = plan.windowOrder(v, k);
          window = k;
          need(first, first + order.length);
        }
        for (long position = at; position < Math.min(end, first + order.length); position++) {
          copyRow(plan.rangeStart(v) + first + order[(int) (position - first)], row++, values);
        }
      }
    }
  }

  private void copyRow(long position, int row, List<float[]> values) {
    Loaded block = at(position);
    int source = block.rows[(int) (position - block.start)];
    rows.write(block.number, block.columns, source, values, row);
  }

  /** The block of a position, often that of the example before. */
  private Loaded at(long position) {
    if (recent == null || position < recent.start || position >= recent.end) {
      recent = loaded.get(plan.blockRankAt(position));
    }
    return recent;
  }

  /** Makes sure that the blocks of these range positions are here, and drops earlier ones. */
  private void need(long from, long to) throws IOException {
    int first = plan.blockRankAt(plan.rangeStart(v) + from);
    int last = plan.blockRankAt(plan.rangeStart(v) + to - 1);
    recent = null;
    loaded.headMap(first).clear();
    for (int rank = first; rank <= last; rank++) {
      load(rank);
    }
  }

  /**
   * Reads the first block of range positions {@code [from, to)} that is not here yet, and drops the
   * blocks before.
   *
   * @return false when all are here
   */
  boolean readOneBlock(long from, long to) throws IOException {
    long end = Math.min(to, plan.rangeLength(v));
    recent = null;
    if (from >= end) {
      loaded.clear();
      return false;
    }
    int last = plan.blockRankAt(plan.rangeStart(v) + end - 1);
    int rank = plan.blockRankAt(plan.rangeStart(v) + from);
    loaded.headMap(rank).clear();
    if (!loaded.isEmpty()) {
      rank = Math.max(rank, loaded.lastKey() + 1);
    }
    if (rank > last) {
      return false;
    }
    load(rank);
    return true;
  }

  /** Examples of the blocks held now. */
  long heldExamples() {
    return loaded.values().stream().mapToLong(block -> block.examples).sum();
  }

  private void load(int rank) throws IOException {
    if (!loaded.containsKey(rank)) {
      int block = plan.block(rank);
      loaded.put(
          rank,
          new Loaded(
              block,
              plan.blockStart(rank),
              blocks.read(block),
              blocks.examples(block),
              holdout.rows(split, block)));
    }
  }

  /** A decoded block, and which of its rows belong to the split that is read. */
  private static final class Loaded {
    /** Its positions in the epoch's sequence: {@code [start, end)}. */
    private final long start;

    private final long end;

    /** In the dataset. */
    private final int number;

    private final List<Column> columns;
    private final int examples;
    private final int[] rows;

    Loaded(int number, long start, List<Column> columns, int examples, int[] rows) {
      this.number = number;
      this.start = start;
      end = start + rows.length;
      this.columns = columns;
      this.examples = examples;
      this.rows = rows;
    }
  }
}
