package dev.lockstep.sharding.read;

import dev.lockstep.sharding.plan.EpochPlan;
import dev.lockstep.sharding.store.BlockReader;
import java.io.IOException;
import java.util.List;
import java.util.function.IntToLongFunction;

/**
 * A fully shuffled epoch. Every block has examples for every micro-batch, more or less, so reading
 * a block for each example is out of the question, and so is holding a worker's whole share of a
 * dataset that is larger than memory. The epoch is cut into pieces of as many steps as the request
 * affords; each piece is gathered in one pass over all blocks, while the one before it is used.
 * Bounded memory is bought with reading: {@link StreamRequest#passes()} times the dataset in an
 * epoch. Pieces end at multiples of their length, and with rows.
 */
final class GatheringEpochReader implements EpochReader {

  private final StreamRequest request;
  private final EpochPlan plan;
  private final RowWriter rows;
  private final BlockReader blocks;
  private final long steps;

  /** The piece that is used, and the one that is gathered meanwhile, or null. */
  private GatheredSteps current;

  private GatheredSteps following;

  /** An epoch of which steps from the first one on are wanted. */
  GatheringEpochReader(
      StreamRequest request, EpochPlan plan, long firstStep, RowWriter rows, BlockReader blocks) {
    this.request = request;
    this.plan = plan;
    this.rows = rows;
    this.blocks = blocks;
    steps = plan.steps(request.batchSize());
    current = piece(firstStep);
  }

  private GatheredSteps piece(long begin) {
    long length = request.gatheredSteps();
    long end = Math.min(steps, begin - begin % length + length);
    return new GatheredSteps(request, plan, begin, end, rows, blocks);
  }

  @Override
  public List<float[]> read(int v, long step) throws IOException {
    if (step >= current.end()) {
      current = following != null ? following : piece(step);
      following = null;
    }
    return current.take(v, step);
  }

  @Override
  public boolean readOneBlockAhead(IntToLongFunction nextStep) throws IOException {
    if (current.readOneBlock()) {
      return true;
    }
    if (following == null && current.end() < steps) {
      following = piece(current.end());
    }
    return following != null && following.readOneBlock();
  }

  @Override
  public boolean readOneBlockOfTheBeginning() throws IOException {
    return current.readOneBlock();
  }

  @Override
  public boolean endsIn(long step) {
    return current.end() == steps;
  }

  @Override
  public long heldExamples() {
    return current.heldExamples() + (following == null ? 0 : following.heldExamples());
  }
}
