package dev.lockstep.trainer.worker;

import dev.lockstep.ps.server.ShardSnapshot;
import dev.lockstep.ps.transport.ExecutorNode;
import dev.lockstep.ps.transport.rpc.DaemonThreads;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.ReplicaFile;
import dev.lockstep.trainer.checkpoint.ShardFile;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.control.AttemptFailedException;
import dev.lockstep.trainer.control.DriverLink;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.plan.CheckpointClock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Writes a worker's files of checkpoints in the background, one checkpoint at a time: the parameter
 * shard of its JVM, where it is the first worker of it, and what its virtual workers keep. Lives in
 * an executor; called by the worker's thread.
 */
final class CheckpointWriter implements AutoCloseable {

  private static final Duration LONGEST_WRITE = Duration.ofMinutes(10);
  private static final Duration ABORT_POLL = Duration.ofMillis(500);

  private final WorkerAssignment assignment;
  private final WorkerContext worker;
  private final Replicas replicas;
  private final DriverLink driver;
  private final ExecutorNode node;
  private final CheckpointStore checkpoints;
  private final ExecutorService writer;
  private Future<?> lastWrite;

  /** Whether checkpoints come by the driver's clock. */
  private final boolean isTimed;

  private CheckpointClock.Answer timed;
  private long checkpointAt;

  /** By the step that they are made after. */
  private final Map<Long, CompletableFuture<ShardSnapshot>> copies = new HashMap<>();

  CheckpointWriter(WorkerContext worker, Replicas replicas, Configuration hadoop) {
    this.worker = worker;
    this.assignment = worker.assignment();
    this.driver = worker.driver();
    this.node = worker.node();
    this.replicas = replicas;
    CheckpointInterval interval = assignment.config().checkpoints().every();
    this.isTimed = interval != null && interval.time().isPresent();
    this.checkpoints = new CheckpointStore(new Path(assignment.checkpoints().folder()), hadoop);
    this.writer =
        Executors.newSingleThreadExecutor(
            DaemonThreads.named("lockstep-checkpoint-" + worker.number()));
  }

  /** Asks the server for a copy at the next checkpoint's step, before anyone can get beyond it. */
  void prepareAfter(long stepsTaken) {
    if (stepsTaken >= assignment.lastStep()) {
      return;
    }
    long planned = assignment.phase().syncPoints().nextCheckpoint(stepsTaken);
    if (isTimed) {
      askAgain(stepsTaken);
      planned = timed.takesCheckpoint() ? Math.min(planned, timed.step()) : planned;
    }
    checkpointAt = planned;
    if (worker.isFirstOfJvm()) {
      copies.computeIfAbsent(planned, step -> node.snapshotAt(assignment.clock().serverStep(step)));
    }
  }

  private void askAgain(long stepsTaken) {
    if (timed != null && stepsTaken < timed.step()) {
      return;
    }
    try {
      timed = driver.nextCheckpoint(stepsTaken, node.signal());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AttemptFailedException("the task was interrupted", e);
    }
  }

  /**
   * Takes the checkpoint of a step, if there is one: copies what the virtual workers keep, and
   * waits only where the checkpoint before is not written yet.
   */
  void roundTaken(long stepsTaken) {
    if (stepsTaken == checkpointAt) {
      save(stepsTaken);
    }
    prepareAfter(stepsTaken);
  }

  private void save(long stepsTaken) {
    awaitLastWrite();
    List<ReplicaFile> kept = new ArrayList<>();
    for (int v = replicas.from(); v < replicas.to(); v++) {
      kept.add(new ReplicaFile(v, stepsTaken, copy(replicas.state().apply(v))));
    }
    CompletableFuture<ShardSnapshot> shard = copies.remove(stepsTaken);
    lastWrite =
        writer.submit(
            () -> {
              try {
                write(stepsTaken, kept, shard);
              } catch (IOException e) {
                notSaved(stepsTaken, e);
              }
              return null;
            });
  }

  private static float[][] copy(float[][] vectors) {
    return Arrays.stream(vectors).map(float[]::clone).toArray(float[][]::new);
  }

  private void write(
      long stepsTaken, List<ReplicaFile> kept, CompletableFuture<ShardSnapshot> shard)
      throws IOException {
    int attempt = assignment.attempt().id().attempt();
    for (ReplicaFile file : kept) {
      driver.report(
          new WorkerReport.ReplicaSaved(stepsTaken, checkpoints.writeReplica(file, attempt)));
    }
    if (shard != null) {
      ShardSnapshot snapshot = snapshot(stepsTaken, shard);
      ShardFile file = new ShardFile(snapshot.begin(), stepsTaken, snapshot.model());
      driver.report(
          new WorkerReport.ShardSaved(
              stepsTaken, checkpoints.writeShard(file, snapshot.shard(), attempt)));
    }
  }

  /** In mid-run the checkpoint before has to do; without the last one there is no model. */
  private void notSaved(long stepsTaken, IOException why) throws IOException {
    if (stepsTaken == assignment.lastStep()) {
      throw why;
    }
    driver.report(
        new WorkerReport.NotSaved(
            stepsTaken,
            "worker " + worker.number(),
            why.getMessage() == null ? why.toString() : why.getMessage()));
  }

  private ShardSnapshot snapshot(long stepsTaken, CompletableFuture<ShardSnapshot> shard) {
    try {
      return node.signal()
          .await(shard, LONGEST_WRITE, "the parameter shard after step " + stepsTaken);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a checkpoint was taken", e);
    }
  }

  /** Waits until the last checkpoint is written. */
  void awaitLastWrite() {
    if (lastWrite == null) {
      return;
    }
    long deadline = System.nanoTime() + LONGEST_WRITE.toNanos();
    try {
      while (true) {
        try {
          lastWrite.get(ABORT_POLL.toMillis(), TimeUnit.MILLISECONDS);
          return;
        } catch (TimeoutException e) {
          node.signal().check();
          if (System.nanoTime() > deadline) {
            throw new IllegalStateException(
                "checkpoint not written within " + LONGEST_WRITE.toMinutes() + " min", e);
          }
        }
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException io
          ? new UncheckedIOException("last checkpoint not written: " + io.getMessage(), io)
          : new IllegalStateException(
              "checkpoint not written: " + e.getCause().getMessage(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a checkpoint was written", e);
    }
  }

  @Override
  public void close() {
    writer.shutdownNow();
  }
}
