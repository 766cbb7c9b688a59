package dev.lockstep.sharding.read;

import java.io.IOException;
import java.util.List;
import java.util.function.IntToLongFunction;

/**
 * The micro-batches of one epoch for the virtual workers of a request. Used by the reading thread
 * of one stream.
 */
interface EpochReader {

  /**
   * Fills a micro-batch; reads what is not here yet. Each is asked for once.
   *
   * @return one array for each tensor of the dataset, the caller's from now on
   */
  List<float[]> read(int v, long step) throws IOException;

  /**
   * Reads one block that will be needed after the steps that are read now.
   *
   * @param nextStep the step that each virtual worker reads next
   * @return false when all that may be held is here
   */
  boolean readOneBlockAhead(IntToLongFunction nextStep) throws IOException;

  /** Reads one block of what the epoch begins with; false when that is here. */
  boolean readOneBlockOfTheBeginning() throws IOException;

  /** Whether the epoch needs nothing more in advance when the row that begins at a step is read. */
  boolean endsIn(long step);

  /** Examples held now, in decoded blocks or in gathered micro-batches. */
  long heldExamples();
}
