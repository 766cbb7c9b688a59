package dev.lockstep.ps.server;

import dev.lockstep.ps.optim.ModelState;

/** Where a parameter server gets the parameters and optimizer state that it starts with. */
public interface ShardSource {

  /**
   * Reads a server's own range; may block.
   *
   * @param begin first element of the vector that all servers hold together
   * @param end one after the last
   * @return arrays of length {@code end - begin}, the server's from now on
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  ModelState read(int begin, int end);

  /**
   * Copies ranges of a vector in memory.
   *
   * @param whole of all servers together
   */
  static ShardSource of(ModelState whole) {
    return whole::range;
  }
}
