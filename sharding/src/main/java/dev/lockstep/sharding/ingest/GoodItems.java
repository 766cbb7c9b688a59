package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.prepare.BadData;
import dev.lockstep.sharding.prepare.InvalidDataException;
import dev.lockstep.sharding.prepare.LeftOutException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;

/**
 * The items of a partition that are good; a bad one ends it, or is counted and left out. Lives in
 * an executor.
 */
public final class GoodItems<T> {

  private final Iterator<T> items;
  private final BadData badData;
  private long skipped;
  private String firstSkipped = "";

  /**
   * Over a partition.
   *
   * @param items throws an {@code UncheckedIOException} of an {@link InvalidDataException} from
   *     {@code next()} for a bad one, and continues with the next one
   */
  public GoodItems(Iterator<T> items, BadData badData) {
    this.items = items;
    this.badData = badData;
  }

  /**
   * The next one, or null.
   *
   * @throws InvalidDataException for a bad one, unless these are left out
   */
  public T next() throws IOException {
    while (hasNext()) {
      try {
        return items.next();
      } catch (UncheckedIOException e) {
        if (!(e.getCause() instanceof InvalidDataException)
            || (badData == BadData.FAIL && !(e.getCause() instanceof LeftOutException))) {
          throw e.getCause();
        }
        if (skipped++ == 0) {
          firstSkipped = e.getCause().getMessage();
        }
      }
    }
    return null;
  }

  private boolean hasNext() throws IOException {
    try {
      return items.hasNext();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Items left out so far. */
  long skipped() {
    return skipped;
  }

  /** Why the first of them was left out, or "". */
  String firstSkipped() {
    return firstSkipped;
  }
}
