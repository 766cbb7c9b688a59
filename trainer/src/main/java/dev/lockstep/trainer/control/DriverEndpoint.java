package dev.lockstep.trainer.control;

import dev.lockstep.ps.transport.NodeAddress;
import dev.lockstep.ps.transport.rpc.MessageServer;
import dev.lockstep.ps.transport.rpc.SparkSetting;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.plan.CheckpointClock;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;

/**
 * Where workers report to. Lives on the driver; {@link #poll} is for one thread. Reports of one
 * worker arrive in the order they were sent.
 */
public final class DriverEndpoint implements AutoCloseable {

  private static final int MOST_RECENT = 256;
  private static final ByteBuffer HEARD = ByteBuffer.allocate(0).asReadOnlyBuffer();

  private final BlockingQueue<WorkerReport> reports = new LinkedBlockingQueue<>();
  private final Map<Integer, CompletableFuture<EpochDecision>> decisions =
      new ConcurrentHashMap<>();
  private final Map<Integer, Rendezvous> meetings = new ConcurrentHashMap<>();
  private final Set<WorkerReport> recent = new LinkedHashSet<>();
  private final String token;
  private final MessageServer server;

  private DriverEndpoint(TransportSettings settings, String token, CheckpointClock clock) {
    this.token = token;
    this.server =
        new MessageServer(
            settings,
            token,
            request -> {
              WorkerReport report = WorkerReport.decode(request);
              if (report instanceof WorkerReport.Introduction one) {
                return meetings
                    .computeIfAbsent(one.attempt(), absent -> new Rendezvous())
                    .join(one);
              }
              if (report instanceof WorkerReport.AwaitsDecision asked) {
                return decision(asked.epochsTaken()).thenApply(EpochDecision::encode);
              }
              if (report instanceof WorkerReport.AwaitsCheckpoint asked) {
                return CompletableFuture.completedFuture(
                    encoded(clock.after(asked.step(), System.nanoTime())));
              }
              if (!(report instanceof WorkerReport.Alive) && isRepeated(report)) {
                return CompletableFuture.completedFuture(HEARD.duplicate());
              }
              reports.add(report);
              return CompletableFuture.completedFuture(HEARD.duplicate());
            });
  }

  /**
   * Listens at the driver's address, at {@code spark.lockstep.driver.port} or any free port.
   *
   * @param clock for workers that ask when a checkpoint is due
   */
  public static DriverEndpoint open(SparkEnv env, CheckpointClock clock) {
    TransportSettings settings = TransportSettings.of(env);
    byte[] secret = new byte[24];
    new SecureRandom().nextBytes(secret);
    TransportSettings own = settings.withPort(env.conf().getInt(SparkSetting.DRIVER_PORT.key(), 0));
    return new DriverEndpoint(own, HexFormat.of().formatHex(secret), clock);
  }

  /** No two reports of an attempt are alike: one that is heard again was sent twice on its way. */
  private boolean isRepeated(WorkerReport report) {
    synchronized (recent) {
      boolean isRepeated = !recent.add(report);
      if (recent.size() > MOST_RECENT) {
        recent.remove(recent.iterator().next());
      }
      return isRepeated;
    }
  }

  /** The run's secret, which every connection of the run must prove. */
  public String token() {
    return token;
  }

  public NodeAddress address() {
    return new NodeAddress("driver", server.host(), server.port());
  }

  /** Answers all workers that ask, now or later, how to go on after an epoch. Any thread. */
  public void decide(int epochsTaken, EpochDecision decision) {
    decision(epochsTaken).complete(decision);
  }

  private CompletableFuture<EpochDecision> decision(int epochsTaken) {
    return decisions.computeIfAbsent(epochsTaken, absent -> new CompletableFuture<>());
  }

  private static ByteBuffer encoded(CheckpointClock.Answer answer) {
    return ByteBuffer.allocate(Long.BYTES + 1)
        .putLong(answer.step())
        .put((byte) (answer.takesCheckpoint() ? 1 : 0))
        .flip();
  }

  /** The next report, or null if none comes in time. */
  public WorkerReport poll(Duration longest) {
    try {
      return reports.poll(longest.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainingException("interrupted while training", e);
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
