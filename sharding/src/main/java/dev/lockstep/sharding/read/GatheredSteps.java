package dev.lockstep.sharding.read;

import dev.lockstep.sharding.plan.EpochPlan;
import dev.lockstep.sharding.store.BlockReader;
import dev.lockstep.sharding.store.Column;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The micro-batches of some steps of a fully shuffled epoch, filled in one pass over all blocks in
 * the order of the file: each block gives the rows whose place in the permuted sequence is in these
 * steps, and is let go. Blocks without such a row are not read. Each micro-batch is let go when it
 * is taken.
 */
final class GatheredSteps {

  private final StreamRequest request;
  private final EpochPlan plan;
  private final RowWriter rows;
  private final BlockReader blocks;
  private final long begin;
  private final long end;

  /** By virtual worker, then step; null once taken. */
  private final List<List<float[]>> batches = new ArrayList<>();

  /** Of the block that the pass has come to. */
  private int rank;

  /** Steps {@code [begin, end)}. */
  GatheredSteps(
      StreamRequest request,
      EpochPlan plan,
      long begin,
      long end,
      RowWriter rows,
      BlockReader blocks) {
    this.request = request;
    this.plan = plan;
    this.begin = begin;
    this.end = end;
    this.rows = rows;
    this.blocks = blocks;
    for (int v = request.workers().from(); v < request.workers().to(); v++) {
      for (long step = begin; step < end; step++) {
        batches.add(rows.allocate(plan.batchLength(v, step, request.batchSize())));
      }
    }
  }

  /** First step after these. */
  long end() {
    return end;
  }

  /** Takes a micro-batch; finishes the pass first. */
  List<float[]> take(int v, long step) throws IOException {
    while (readOneBlock()) {
      // goes on to the last block
    }
    return Objects.requireNonNull(batches.set(index(v, step), null), "a micro-batch taken twice");
  }

  private int index(int v, long step) {
    return Math.toIntExact((v - request.workers().from()) * (end - begin) + (step - begin));
  }

  /** Reads the next block that has rows for these steps; false when there is none. */
  boolean readOneBlock() throws IOException {
    while (rank < plan.blocks()) {
      long[] positions = positions(rank++);
      if (positions.length > 0) {
        fill(plan.block(rank - 1), positions);
        return true;
      }
    }
    return false;
  }

  /** Of the block's rows, or -1 for those that other steps or workers use; empty if all are. */
  private long[] positions(int ofRank) {
    long first = plan.blockStart(ofRank);
    long[] positions = new long[(int) (plan.blockStart(ofRank + 1) - first)];
    long from = plan.rangeStart(request.workers().from());
    long to = plan.rangeStart(request.workers().to());
    boolean any = false;
    for (int i = 0; i < positions.length; i++) {
      long position = plan.positionOf(first + i);
      boolean isOurs = position >= from && position < to && holds(position);
      positions[i] = isOurs ? position : -1;
      any |= isOurs;
    }
    return any ? positions : new long[0];
  }

  private boolean holds(long position) {
    long step = (position - plan.rangeStart(plan.virtualWorkerAt(position))) / request.batchSize();
    return step >= begin && step < end;
  }

  private void fill(int block, long[] positions) throws IOException {
    List<Column> columns = blocks.read(block);
    int[] sources = request.examples().holdout().rows(request.examples().split(), block);
    for (int i = 0; i < positions.length; i++) {
      if (positions[i] >= 0) {
        int v = plan.virtualWorkerAt(positions[i]);
        long inRange = positions[i] - plan.rangeStart(v);
        List<float[]> batch = batches.get(index(v, inRange / request.batchSize()));
        rows.write(block, columns, sources[i], batch, (int) (inRange % request.batchSize()));
      }
    }
  }

  /** Examples that the micro-batches not taken yet hold. */
  long heldExamples() {
    long held = 0;
    for (int v = request.workers().from(); v < request.workers().to(); v++) {
      for (long step = begin; step < end; step++) {
        if (batches.get(index(v, step)) != null) {
          held += plan.batchLength(v, step, request.batchSize());
        }
      }
    }
    return held;
  }
}
