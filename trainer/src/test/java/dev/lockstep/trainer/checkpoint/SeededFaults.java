package dev.lockstep.trainer.checkpoint;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Faults that follow from a seed: each operation goes wrong with a probability, and before one of
 * them the process may end. For one thread.
 */
final class SeededFaults implements Faults {

  private static final int NEVER = Integer.MAX_VALUE;

  /** Two reads of one file in a row do not both go wrong unseen. */
  private static final int READS_BETWEEN_FLIPS = 100;

  private final Random random;
  private final Set<Path> spoiled = new HashSet<>();
  private double rate;
  private int operations;
  private int lastOperation = NEVER;
  private int readsSinceFlip = READS_BETWEEN_FLIPS;

  SeededFaults(long seed) {
    random = new Random(seed);
  }

  /** Nothing goes wrong any more. */
  void stop() {
    rate = 0;
    lastOperation = NEVER;
  }

  /** From now on operations go wrong with a probability. */
  void fail(double rate) {
    this.rate = rate;
  }

  /** The process ends after so many more operations. */
  void dieAfter(int more) {
    lastOperation = operations + more;
  }

  int operations() {
    return operations;
  }

  /** Files that were stored as something else than was written, without a word. */
  Set<Path> spoiled() {
    return spoiled;
  }

  @Override
  public Fault before(Operation operation, Path path) {
    if (operations == lastOperation) {
      throw new Died();
    }
    operations++;
    if (operation == Operation.OPEN) {
      readsSinceFlip++;
    }
    if (random.nextDouble() >= rate) {
      return Fault.NONE;
    }
    List<Fault> possible = possible(operation);
    Fault fault = possible.get(random.nextInt(possible.size()));
    if (fault == Fault.CUT || (fault == Fault.FLIPPED && operation == Operation.CREATE)) {
      spoiled.add(path);
    } else if (fault == Fault.FLIPPED) {
      readsSinceFlip = 0;
    }
    return fault;
  }

  private List<Fault> possible(Operation operation) {
    return switch (operation) {
      case CREATE ->
          random.nextBoolean()
              ? List.of(Fault.FLIPPED)
              : List.of(Fault.DENIED, Fault.FAILED, Fault.FULL, Fault.CUT);
      case OPEN ->
          readsSinceFlip < READS_BETWEEN_FLIPS
              ? List.of(Fault.DENIED, Fault.FAILED)
              : List.of(Fault.DENIED, Fault.FAILED, Fault.FLIPPED);
      case WRITE, SYNC -> List.of(Fault.FAILED);
      case CLOSE, LIST -> List.of(Fault.FAILED, Fault.UNANSWERED);
      case MKDIRS -> List.of(Fault.DENIED, Fault.REFUSED);
      case RENAME, DELETE -> List.of(Fault.DENIED, Fault.FAILED, Fault.REFUSED, Fault.UNANSWERED);
    };
  }

  @Override
  public int pick(int bound) {
    return random.nextInt(bound);
  }
}
