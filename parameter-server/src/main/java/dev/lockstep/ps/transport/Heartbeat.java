package dev.lockstep.ps.transport;

import dev.lockstep.ps.transport.rpc.MessageServer;
import dev.lockstep.ps.transport.rpc.TransportSettings;
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
 * Asks all peers every so often whether they live, on one thread, and reports those that have been
 * silent for too long. That is how a hung JVM or a cut cable is seen; a dead JVM is seen earlier,
 * by its closed connection.
 */
final class Heartbeat implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Heartbeat.class);

  private final Collection<Peer> peers;
  private final Duration every;
  private final Duration silence;
  private final BiConsumer<Peer, String> lost;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(MessageServer.daemons("lockstep-heartbeat"));
  private long lastBeat = System.nanoTime();

  Heartbeat(Collection<Peer> peers, TransportSettings settings, BiConsumer<Peer, String> lost) {
    this.peers = peers;
    this.every = settings.times().pingEvery();
    this.silence = settings.times().silence();
    this.lost = lost;
    Future<?> unused =
        timer.scheduleWithFixedDelay(this::beatOn, 0, every.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** A timer forgets a task that throws, and then nobody would watch. */
  private void beatOn() {
    try {
      beat();
    } catch (RuntimeException e) {
      LOG.warn("heartbeat failed, goes on", e);
    }
  }

  private void beat() {
    long now = System.nanoTime();
    long late = now - lastBeat - every.toNanos();
    lastBeat = now;
    for (Peer peer : peers) {
      if (peer.departed().isDone()) {
        continue;
      }
      if (late > every.toNanos()) {
        peer.forgive(late);
      }
      if (peer.silentFor(now) > silence.toNanos()) {
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
