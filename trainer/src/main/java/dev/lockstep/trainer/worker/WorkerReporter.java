package dev.lockstep.trainer.worker;

import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.server.ShardSnapshot;
import dev.lockstep.ps.transport.ExecutorNode;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.ReplicaFile;
import dev.lockstep.trainer.checkpoint.ShardFile;
import dev.lockstep.trainer.config.CheckpointInterval;
import dev.lockstep.trainer.control.AttemptFailedException;
import dev.lockstep.trainer.control.DriverLink;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.loop.Round;
import dev.lockstep.trainer.loop.RoundListener;
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
 * What a worker writes down as it goes: steps for the driver (worker 0; in mode {@code averaging}
 * every worker its own part of them), parameter shards of checkpoints (the first worker of each
 * JVM), what its virtual workers keep, validations at the end of an epoch. Lives in an executor;
 * called by the worker's thread.
 */
abstract class WorkerReporter implements RoundListener, AutoCloseable {

  private static final Duration REPORT_EVERY = Duration.ofMillis(250);
  private static final Duration LONGEST_WRITE = Duration.ofMinutes(10);
  private static final Duration ABORT_POLL = Duration.ofMillis(500);

  private final WorkerAssignment assignment;
  private final int worker;
  private final boolean savesShard;
  private final Replicas replicas;
  private final DriverLink driver;
  private final ExecutorNode node;
  private final CheckpointStore checkpoints;
  private final ExecutorService writer;
  private final List<WorkerReport.Step> unreported = new ArrayList<>();
  private final List<WorkerReport.LocalStep> unreportedLocal = new ArrayList<>();
  private long reportedAt = System.nanoTime();
  private Future<?> lastWrite;

  /** Whether checkpoints come by the driver's clock. */
  private final boolean isTimed;

  private CheckpointClock.Answer timed;
  private long checkpointAt;

  /** By the step that they are made after. */
  private final Map<Long, CompletableFuture<ShardSnapshot>> copies = new HashMap<>();

  WorkerReporter(
      WorkerAssignment assignment,
      int worker,
      boolean savesShard,
      Replicas replicas,
      DriverLink driver,
      ExecutorNode node,
      Configuration hadoop) {
    this.assignment = assignment;
    this.worker = worker;
    this.savesShard = savesShard;
    this.replicas = replicas;
    this.driver = driver;
    this.node = node;
    CheckpointInterval interval = assignment.config().checkpoints().every();
    this.isTimed = interval != null && interval.time().isPresent();
    this.checkpoints = new CheckpointStore(new Path(assignment.checkpoints().folder()), hadoop);
    this.writer =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread thread = new Thread(task, "lockstep-checkpoint-" + worker);
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Scores the worker's part of the validation data. */
  abstract void validate(int epochsTaken);

  @Override
  public void contributed(Round round, TreeNode node, long[] examples, double[] losses) {
    if (!assignment.plan().averages()) {
      return;
    }
    for (int i = 0; i < round.steps(); i++) {
      unreportedLocal.add(
          new WorkerReport.LocalStep(
              round.firstStep() + i + 1, node.level(), node.index(), examples[i], losses[i]));
    }
  }

  @Override
  public void roundTaken(Round round, List<StepOutcome> outcomes) {
    if (worker == 0) {
      outcomes.forEach(outcome -> note(round, outcome));
    }
    if (System.nanoTime() - reportedAt >= REPORT_EVERY.toNanos()) {
      reportSteps();
    }
    if (round.endStep() == checkpointAt) {
      save(round.endStep());
    }
    prepareCheckpointAfter(round.endStep());
  }

  /** In mode {@code averaging} a server's step is a round, and the steps are reported by all. */
  private void note(Round round, StepOutcome outcome) {
    boolean averages = assignment.plan().averages();
    long stepsTaken =
        averages ? round.endStep() : outcome.step() - assignment.start().prior().iterations() + 1;
    Contribution total = outcome.total();
    if (total.nonFinite() != Contribution.FINITE) {
      driver.report(new WorkerReport.Skipped(stepsTaken, total.nonFinite()));
    }
    if (!averages) {
      unreported.add(
          new WorkerReport.Step(
              stepsTaken,
              assignment.schedule().epoch(stepsTaken - 1),
              total.examples(),
              total.lossSum(),
              outcome.gradientNorm()));
    }
  }

  @Override
  public void epochTaken(int epochsTaken) {
    reportSteps();
    validate(epochsTaken);
  }

  /** Waits until all that was written down has arrived. */
  void finish() {
    reportSteps();
    awaitLastWrite();
  }

  @Override
  public void close() {
    writer.shutdownNow();
  }

  /** Asks the server for a copy at the next checkpoint's step, before anyone can get beyond it. */
  void prepareCheckpointAfter(long stepsTaken) {
    if (stepsTaken >= assignment.lastStep()) {
      return;
    }
    long planned = assignment.phase().milestones().nextCheckpoint(stepsTaken);
    if (isTimed) {
      askAgain(stepsTaken);
      planned = timed.takesCheckpoint() ? Math.min(planned, timed.step()) : planned;
    }
    checkpointAt = planned;
    if (savesShard) {
      long iterationsBefore = assignment.start().prior().iterations();
      copies.computeIfAbsent(
          planned, step -> node.snapshotAt(iterationsBefore + assignment.schedule().clock(step)));
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
   * Written in the background, one checkpoint at a time: this thread copies what its virtual
   * workers keep, and waits only where the checkpoint before is not written yet.
   */
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
    if (savesShard) {
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
            "worker " + worker,
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

  private void awaitLastWrite() {
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

  private void reportSteps() {
    if (!unreported.isEmpty()) {
      driver.report(new WorkerReport.Steps(List.copyOf(unreported)));
      unreported.clear();
    }
    if (!unreportedLocal.isEmpty()) {
      driver.report(new WorkerReport.LocalSteps(List.copyOf(unreportedLocal)));
      unreportedLocal.clear();
    }
    reportedAt = System.nanoTime();
  }
}
