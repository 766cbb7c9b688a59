package dev.lockstep.ps.transport;

import dev.lockstep.ps.protocol.AttemptId;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * The nodes of this JVM, by (run, attempt): the one place where tasks of an executor find what they
 * share. Several runs may be alive at once.
 */
final class NodeRegistry {

  /** Names this JVM to its peers. */
  static final String JVM_ID = UUID.randomUUID().toString();

  private static final Map<AttemptId, ExecutorNode> NODES = new ConcurrentHashMap<>();

  private NodeRegistry() {}

  /**
   * The attempt's node, made if it is the first; older attempts of the run are fenced off.
   *
   * @throws IllegalStateException if a later attempt of the run is here already
   */
  static ExecutorNode acquire(AttemptId id, String token, Supplier<ExecutorNode> maker) {
    for (ExecutorNode other : NODES.values()) {
      AttemptId otherId = other.attempt();
      if (otherId.run().equals(id.run()) && otherId.attempt() > id.attempt()) {
        throw new IllegalStateException(id + " is over: " + otherId + " has begun in this JVM");
      }
      if (otherId.run().equals(id.run()) && otherId.attempt() < id.attempt()) {
        other.abort(new IllegalStateException(id + " has begun"));
      }
    }
    return NODES.compute(
        id,
        (key, present) -> {
          ExecutorNode node = present != null ? present : maker.get();
          node.retain(token);
          return node;
        });
  }

  /**
   * Drops a task's hold.
   *
   * @return whether it was the last: the node is forgotten, and to be shut down
   */
  static boolean release(ExecutorNode node) {
    AtomicBoolean last = new AtomicBoolean();
    NODES.compute(
        node.attempt(),
        (key, present) -> {
          last.set(node.drop());
          return last.get() && present == node ? null : present;
        });
    return last.get();
  }
}
