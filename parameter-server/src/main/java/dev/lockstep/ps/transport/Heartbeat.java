package dev.lockstep.ps.transport;

import dev.lockstep.ps.transport.rpc.DaemonThreads;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pings all peers at an interval, on one thread, and reports those that have not answered for too
 * long. Detects a hung JVM and a partitioned network; a dead JVM is detected earlier, by its closed
 * connection.
 */
final class Heartbeat implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);

  private final Collection<Peer> peers;
  private final Duration every;
  private final Duration silence;
  private final BiConsumer<Peer, String> lost;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("lockstep-heartbeat"));
  private long lastBeat = System.nanoTime();

  Heartbeat(
      Collection<Peer> peers, Duration every, Duration silence, BiConsumer<Peer, String> lost) {
    this.peers = peers;
    this.every = every;
    this.silence = silence;
    this.lost = lost;
    Future<?> unused =
        timer.scheduleWithFixedDelay(this::beatOn, 0, every.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** A timer drops a task that throws. */
  private void beatOn() {
    try {
      beat();
    } catch (RuntimeException e) {
      LOG.warn("a heartbeat failed; the next one follows", e);
    }
  }

  private void beat() {
    long now = System.nanoTime();
    long late = now - lastBeat - every.toNanos();
    lastBeat = now;
    for (Peer peer : peers) {
      if (peer.left().isDone()) {
        continue;
      }
      if (late > every.toNanos()) {
        peer.excuse(late);
      }
      if (peer.nanosSinceAnswer(now) > silence.toNanos()) {
        lost.accept(peer, "no answer for " + silence.toMillis() / 1000.0 + " s");
      } else {
        peer.ping();
      }
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
