package dev.lockstep.ps.transport;

import java.io.Serializable;

/**
 * Bytes of gradients and parameters that workers exchanged with parameter shards, whether a socket
 * carried them or memory: what a mode or a compression costs, wherever it runs.
 *
 * <p>Only elements count, in the form that a message would give them, with the places of the
 * elements where a message is sparse. What messages say besides, norms and control messages do not.
 *
 * @param pushed of every sum that a worker pushed, once for the subtree of virtual workers that it
 *     is the sum of: float32, 16 bits, or the shortest sparse form, frame by frame; nothing for a
 *     subtree without examples
 * @param pulled of the float32 vector in every pull of every worker
 */
public record Exchanged(long pushed, long pulled) implements Serializable {

  /** Both ways. */
  public long total() {
    return pushed + pulled;
  }
}
