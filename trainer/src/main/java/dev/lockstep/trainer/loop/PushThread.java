package dev.lockstep.trainer.loop;

import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.TreeNode;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Pushes one subtree's sum on a thread of its own while the next is computed. At most one sum is on
 * its way, so one more vector lives. The exchange is used by that thread while a push is on its
 * way, and by the caller's after {@link #await}; its waits end with the attempt, and so do those
 * for it. What a push fails with surfaces on the caller's thread.
 */
final class PushThread implements AutoCloseable {

  private final GradientExchange exchange;
  private final Consumer<RoundSum> done;
  private final ExecutorService thread;
  private Future<?> onItsWay;
  private RoundSum sum;

  /**
   * Nothing is on its way yet.
   *
   * @param name of the thread
   * @param done told on the caller's thread of a sum whose vector is free again
   */
  PushThread(String name, GradientExchange exchange, Consumer<RoundSum> done) {
    this.exchange = exchange;
    this.done = done;
    this.thread =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread made = new Thread(task, name);
              made.setDaemon(true);
              return made;
            });
  }

  /** Hands a sum over once the one before is through. */
  void push(StepKey when, TreeNode node, RoundSum next) {
    await();
    sum = next;
    onItsWay = thread.submit(() -> exchange.push(when, node, next.contribution(), next.vector()));
  }

  /** Returns when everything handed over is through. */
  void await() {
    if (onItsWay == null) {
      return;
    }
    try {
      onItsWay.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException("a push failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a push was on its way", e);
    }
    onItsWay = null;
    done.accept(sum);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
