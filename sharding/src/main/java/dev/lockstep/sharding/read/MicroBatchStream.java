package dev.lockstep.sharding.read;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.store.BlockReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.hadoop.conf.Configuration;

/**
 * The micro-batches of a range of virtual workers, in order, read ahead by a thread of its own. For
 * every step from the requested start on, the stream yields one item for each of vFrom, vFrom+1, …;
 * an item has no examples where that range is used up. With {@code consecutive = c} in the request,
 * it yields c steps of vFrom, then the same c steps of vFrom+1, and so on. Lives in an executor.
 * {@link #next} is for one thread; {@link #close} may come from any.
 *
 * <p>When enough micro-batches are ready, the thread reads the blocks of the next windows in
 * advance, so that crossing into a window does not stall the consumer.
 */
public final class MicroBatchStream implements AutoCloseable {

  /** How long {@link #next} waits for the storage before it gives up. */
  static final Duration STALL_LIMIT = Duration.ofMinutes(5);

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  private final StreamRequest request;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by the lock.
  private final ArrayDeque<Item> ready = new ArrayDeque<>();
  private Throwable failure;
  private boolean ended;
  private boolean closed;

  /**
   * Starts reading.
   *
   * @param conf names the file systems; not changed
   */
  public MicroBatchStream(StreamRequest request, Configuration conf) {
    this.request = request;
    thread =
        new Thread(
            () -> readAhead(conf),
            "lockstep-read-v%d-%d".formatted(request.workers().from(), request.workers().to() - 1));
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * The next micro-batch; waits for it.
   *
   * @return null after the last one
   * @throws IOException what stopped the reading thread, or that the storage stalled
   * @throws IllegalStateException when the stream is closed, also while waiting
   */
  public Item next() throws IOException, InterruptedException {
    lock.lockInterruptibly();
    try {
      long nanos = STALL_LIMIT.toNanos();
      while (ready.isEmpty() && !ended && failure == null && !closed) {
        if (nanos <= 0) {
          throw new IOException(
              "no micro-batch from %s for %d s: the storage does not answer"
                  .formatted(request.dataset().location(), STALL_LIMIT.toSeconds()));
        }
        nanos = changed.awaitNanos(nanos);
      }
      if (closed) {
        throw new IllegalStateException(
            "the stream of %s is closed".formatted(request.dataset().location()));
      }
      Item item = ready.poll();
      if (item == null && failure != null) {
        String reason = failure.getMessage() == null ? failure.toString() : failure.getMessage();
        throw new IOException(reason, failure);
      }
      changed.signalAll();
      return item;
    } finally {
      lock.unlock();
    }
  }

  private void readAhead(Configuration conf) {
    try (BlockReader blocks = new BlockReader(request.dataset(), conf)) {
      BatchAssembler batches = new BatchAssembler(request, blocks);
      while (true) {
        if (hasRoom()) {
          Item item = batches.next();
          if (!offer(item)) {
            return;
          }
        } else if (!batches.readOneBlockAhead() && !awaitRoom()) {
          return;
        }
      }
    } catch (Throwable e) {
      // Whatever it is, out-of-memory included, the consumer must hear of it.
      lock.lock();
      try {
        failure = e;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** True also when closed, so that the reader finds out without waiting. */
  private boolean hasRoom() {
    lock.lock();
    try {
      return closed || ready.size() < request.reading().prefetch();
    } finally {
      lock.unlock();
    }
  }

  private boolean awaitRoom() throws InterruptedException {
    lock.lock();
    try {
      while (!closed && ready.size() >= request.reading().prefetch()) {
        changed.await();
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  /** Hands an item over, null for the end; false when nothing more is wanted. */
  private boolean offer(Item item) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      if (item == null) {
        ended = true;
      } else {
        ready.add(item);
      }
      changed.signalAll();
      return item != null;
    } finally {
      lock.unlock();
    }
  }

  /** Micro-batches ready now. */
  int readyItems() {
    lock.lock();
    try {
      return ready.size();
    } finally {
      lock.unlock();
    }
  }

  Thread readingThread() {
    return thread;
  }

  /** Stops the thread, closes its files and frees its memory. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      ready.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    try {
      // An interrupt may break a file system client that others share: only when all else fails.
      TimeUnit.NANOSECONDS.timedJoin(thread, CLOSE_LIMIT.toNanos());
      if (thread.isAlive()) {
        thread.interrupt();
        TimeUnit.NANOSECONDS.timedJoin(thread, CLOSE_LIMIT.toNanos());
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * One micro-batch and its place in the run.
   *
   * @param epoch counted from 0
   * @param stepInEpoch counted from 0 in each epoch
   * @param v virtual worker it is for
   * @param batch its examples; may be none
   */
  public record Item(int epoch, long stepInEpoch, int v, MicroBatch batch) {}
}
