package dev.lockstep.ps.client;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Ends every wait of an attempt at once. All waiting of an attempt goes through {@link #await}, so
 * that each wait has a bound and a name. Thread-safe; lives in an executor.
 */
public final class AbortSignal {

  private final AtomicReference<Throwable> cause = new AtomicReference<>();
  private final Map<Object, CompletableFuture<?>> waits = new ConcurrentHashMap<>();
  private final List<Consumer<Throwable>> listeners = new CopyOnWriteArrayList<>();

  /**
   * Ends all waits, now and later. Only the first cause counts.
   *
   * @return whether this was the first
   */
  public boolean trip(Throwable why) {
    if (!cause.compareAndSet(null, Objects.requireNonNull(why, "why"))) {
      return false;
    }
    waits.values().forEach(wait -> wait.completeExceptionally(aborted(why, "a wait")));
    listeners.forEach(listener -> listener.accept(why));
    return true;
  }

  /** Why the attempt is over, if it is. */
  public Optional<Throwable> cause() {
    return Optional.ofNullable(cause.get());
  }

  /**
   * Does nothing while the attempt is alive.
   *
   * @throws AttemptAbortedException once it is over
   */
  public void check() {
    Throwable why = cause.get();
    if (why != null) {
      throw aborted(why, "the attempt");
    }
  }

  /**
   * Calls the listener when the signal trips, on the tripping thread; at once if it has tripped
   * already. It may be called twice when both happen together.
   */
  public void onTrip(Consumer<Throwable> listener) {
    listeners.add(listener);
    cause().ifPresent(listener);
  }

  /**
   * Waits for a future, a bound, or the end of the attempt, whichever is first.
   *
   * @param future completed exceptionally by this method when the attempt ends
   * @param bound how long at most
   * @param what what is waited for, for the message: {@code "pull of step 7 from shard 2"}
   * @return the future's value
   * @throws AttemptAbortedException naming {@code what} and the cause
   * @throws InterruptedException if this thread is interrupted
   */
  public <T> T await(CompletableFuture<T> future, Duration bound, String what)
      throws InterruptedException {
    Object wait = new Object();
    waits.put(wait, future);
    try {
      Throwable why = cause.get();
      if (why != null) {
        throw aborted(why, what);
      }
      return future.get(bound.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new AttemptAbortedException(
          what + ": no answer within " + bound.toMillis() / 1000.0 + " s", e);
    } catch (ExecutionException | CancellationException e) {
      Throwable why = cause.get();
      Throwable inner = e instanceof ExecutionException ? e.getCause() : e;
      throw why != null
          ? aborted(why, what)
          : new AttemptAbortedException(what + ": " + inner.getMessage(), inner);
    } finally {
      waits.remove(wait);
    }
  }

  private static AttemptAbortedException aborted(Throwable why, String what) {
    return new AttemptAbortedException(what + " ended: " + why.getMessage(), why);
  }
}
