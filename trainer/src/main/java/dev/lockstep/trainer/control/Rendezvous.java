package dev.lockstep.trainer.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * Where the workers of an attempt learn of each other: each introduces itself to the driver, and
 * all are answered when the last one has. (Spark's own {@code allGather} asks once a second.) Lives
 * on the driver; any thread.
 */
final class Rendezvous {

  private final SortedMap<Integer, WorkerReport.Introduction> present = new TreeMap<>();
  private final CompletableFuture<ByteBuffer> complete = new CompletableFuture<>();

  /**
   * Takes part.
   *
   * @return all introductions by worker, as JSON, once all are there; fails for a worker that has
   *     introduced itself before
   */
  CompletableFuture<ByteBuffer> join(WorkerReport.Introduction one) {
    List<WorkerReport.Introduction> all;
    synchronized (this) {
      WorkerReport.Introduction before = present.putIfAbsent(one.worker(), one);
      // The same once more was sent twice on its way.
      if (before != null && !before.equals(one)) {
        return CompletableFuture.failedFuture(
            new IllegalStateException(
                "worker "
                    + one.worker()
                    + " of attempt "
                    + one.attempt()
                    + " introduces itself twice, from "
                    + before.node()
                    + " and "
                    + one.node()));
      }
      all = List.copyOf(present.values());
    }
    if (all.size() == one.workers()) {
      complete.complete(encoded(all));
    }
    return complete.thenApply(ByteBuffer::duplicate);
  }

  private static ByteBuffer encoded(List<WorkerReport.Introduction> all) {
    try {
      return ByteBuffer.wrap(
          WorkerReport.JSON.writeValueAsBytes(all.toArray(WorkerReport.Introduction[]::new)));
    } catch (JsonProcessingException e) {
      throw new AssertionError("records of plain values are always written", e);
    }
  }

  /** Reads what {@link #join} gave. */
  static List<WorkerReport.Introduction> decode(ByteBuffer answer) {
    byte[] copy = new byte[answer.remaining()];
    answer.duplicate().get(copy);
    try {
      return List.of(WorkerReport.JSON.readValue(copy, WorkerReport.Introduction[].class));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
