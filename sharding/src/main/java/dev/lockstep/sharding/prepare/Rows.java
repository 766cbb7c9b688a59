package dev.lockstep.sharding.prepare;

import java.io.IOException;
import java.util.Iterator;

/**
 * Rows of a table, in order. {@code next()} throws an {@code UncheckedIOException} of an {@link
 * InvalidDataException} for a row that is bad, and continues with the next one. A value is null
 * (missing), a {@code String}, a {@code Number}, a {@code Boolean}, or an {@code Object[]} of
 * these. Lives in an executor.
 */
public interface Rows extends Iterator<Object[]> {

  /** Where the row returned last is, for messages. */
  String where() throws IOException;
}
