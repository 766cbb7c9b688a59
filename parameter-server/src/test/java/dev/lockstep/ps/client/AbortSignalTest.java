package dev.lockstep.ps.client;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class AbortSignalTest {

  private static final Duration LONG = Duration.ofSeconds(60);
  private final IllegalStateException cause = new IllegalStateException("lost a peer");

  private final AbortSignal signal = new AbortSignal();

  @Test
  void aWaitEndsWithItsValue() throws Exception {
    assertEquals(7, signal.await(CompletableFuture.completedFuture(7), LONG, "seven"));
    signal.check();
  }

  @Test
  void aWaitThatLastsTooLongNamesItselfAndItsBound() {
    assertEquals(
        "the moon: no answer within 0.05 s",
        assertThrows(
                AttemptAbortedException.class,
                () -> signal.await(new CompletableFuture<>(), Duration.ofMillis(50), "the moon"))
            .getMessage());
  }

  @Test
  void aFailureOfWhatIsWaitedForIsTold() {
    AttemptAbortedException end =
        assertThrows(
            AttemptAbortedException.class,
            () -> signal.await(CompletableFuture.failedFuture(cause), LONG, "a push"));
    assertEquals("a push: lost a peer", end.getMessage());
    assertSame(cause, end.getCause());
  }

  @Test
  void trippingEndsWaitsThatAreUnderWayAndThoseToCome() {
    CompletableFuture<Integer> never = new CompletableFuture<>();
    CompletableFuture<Object> waiter =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return signal.await(never, LONG, "a pull");
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    await().during(Duration.ofMillis(50)).until(() -> !waiter.isDone());
    assertTrue(signal.trip(cause));
    assertFalse(signal.trip(new IllegalStateException("later")));
    assertSame(cause, signal.cause().orElseThrow());
    Throwable end = assertThrows(CompletionException.class, waiter::join).getCause();
    assertEquals("a pull ended: lost a peer", end.getMessage());
    assertSame(cause, end.getCause());
    assertEquals(
        "another pull ended: lost a peer",
        assertThrows(
                AttemptAbortedException.class,
                () -> signal.await(new CompletableFuture<>(), LONG, "another pull"))
            .getMessage());
    assertEquals(
        "the attempt ended: lost a peer",
        assertThrows(AttemptAbortedException.class, signal::check).getMessage());
  }

  @Test
  void listenersHearOfItWheneverTheyCame() {
    List<Throwable> heard = new ArrayList<>();
    signal.onTrip(heard::add);
    signal.trip(cause);
    signal.onTrip(heard::add);
    assertEquals(List.of(cause, cause), heard);
  }

  @Test
  void anInterruptEndsAWait() {
    Thread.currentThread().interrupt();
    assertThrows(
        InterruptedException.class,
        () -> signal.await(new CompletableFuture<>(), LONG, "anything"));
  }
}
