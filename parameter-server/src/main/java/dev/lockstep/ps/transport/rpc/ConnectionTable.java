package dev.lockstep.ps.transport.rpc;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.network.client.TransportClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The open connections of a {@link MessageServer}, and which of them are authenticated. Closes
 * those that do not prove the run token in time. Thread-safe.
 */
final class ConnectionTable {

  private static final Logger LOG = LoggerFactory.getLogger(ConnectionTable.class);

  private final int maxUnauthenticated;
  private final Duration helloBound;
  private final Set<TransportClient> open = ConcurrentHashMap.newKeySet();
  private final Set<TransportClient> authenticated = ConcurrentHashMap.newKeySet();
  private final AtomicLong lastWarning = new AtomicLong();

  /**
   * An empty table.
   *
   * @param maxUnauthenticated connections at once
   * @param helloBound time in which a connection must prove the token
   */
  ConnectionTable(int maxUnauthenticated, Duration helloBound) {
    this.maxUnauthenticated = maxUnauthenticated;
    this.helloBound = helloBound;
    lastWarning.set(System.nanoTime() - 2 * helloBound.toNanos());
  }

  /** Adds a new connection, or closes it if too many are unauthenticated. */
  void add(TransportClient client) {
    if (open.size() - authenticated.size() >= maxUnauthenticated) {
      warn(client);
      client.close();
      return;
    }
    open.add(client);
    Future<?> unused =
        client
            .getChannel()
            .eventLoop()
            .schedule(() -> expectHello(client), helloBound.toNanos(), TimeUnit.NANOSECONDS);
  }

  void authenticate(TransportClient client) {
    authenticated.add(client);
    if (!client.isActive()) {
      authenticated.remove(client);
    }
  }

  boolean isAuthenticated(TransportClient client) {
    return authenticated.contains(client);
  }

  void remove(TransportClient client) {
    authenticated.remove(client);
    synchronized (open) {
      open.remove(client);
      open.notifyAll();
    }
  }

  /** Waits until no connection is open, for a bound at most. */
  void awaitEmpty(Duration bound) {
    long deadline = System.nanoTime() + bound.toNanos();
    synchronized (open) {
      try {
        long left = deadline - System.nanoTime();
        while (!open.isEmpty() && left > 0) {
          TimeUnit.NANOSECONDS.timedWait(open, left);
          left = deadline - System.nanoTime();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  void closeAll() {
    open.forEach(TransportClient::close);
  }

  /** Warns once for each bound, however many connections are closed meanwhile. */
  private void warn(TransportClient client) {
    long now = System.nanoTime();
    long last = lastWarning.get();
    if (now - last > helloBound.toNanos() && lastWarning.compareAndSet(last, now)) {
      LOG.warn(
          "connection from {} and others closed: {} connections have not proved the run token yet",
          client.getSocketAddress(),
          maxUnauthenticated);
    }
  }

  private void expectHello(TransportClient client) {
    if (!isAuthenticated(client) && client.isActive()) {
      LOG.info(
          "connection from {} closed: it has not proved the run token within {} s",
          client.getSocketAddress(),
          helloBound.toMillis() / 1000.0);
      client.close();
    }
  }
}
