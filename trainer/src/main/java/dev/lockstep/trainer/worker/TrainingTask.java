package dev.lockstep.trainer.worker;

import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.compress.LeafCompressor;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.NonFiniteGradientException;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.transport.ExecutorNode;
import dev.lockstep.ps.transport.NodeAddress;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.trainer.checkpoint.DamagedFileException;
import dev.lockstep.trainer.cluster.BarrierStage;
import dev.lockstep.trainer.config.ClusterConfig.MixedBits;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.control.AttemptFailedException;
import dev.lockstep.trainer.control.AttemptStart;
import dev.lockstep.trainer.control.DriverLink;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.control.WorkerResult;
import dev.lockstep.trainer.loop.BatchSource;
import dev.lockstep.trainer.loop.GlobalGradient;
import dev.lockstep.trainer.loop.GradientExchange;
import dev.lockstep.trainer.loop.GradientSource;
import dev.lockstep.trainer.loop.LocalComputation;
import dev.lockstep.trainer.loop.LocalOptimizers;
import dev.lockstep.trainer.loop.LocalSteps;
import dev.lockstep.trainer.loop.LoopClock;
import dev.lockstep.trainer.loop.LoopClock.Activity;
import dev.lockstep.trainer.loop.WorkerLoop;
import dev.lockstep.trainer.metrics.WorkerThroughput;
import dev.lockstep.trainer.model.replica.ModelReplica;
import dev.lockstep.trainer.model.replica.NumericFingerprint;
import dev.lockstep.trainer.model.replica.ReplicaOptions;
import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.plan.CompressionPlan;
import dev.lockstep.trainer.plan.ModePlan;
import dev.lockstep.trainer.score.Evaluator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskKilledException;

/**
 * One worker of one attempt: a barrier task. Built on the driver, runs in an executor.
 *
 * <p>It joins the executor's node, meets the other workers once to learn who serves which parameter
 * shard and that all compute alike, trains, and leaves after all have finished.
 */
public final class TrainingTask implements BarrierStage.Task<WorkerResult> {

  private static final long serialVersionUID = 1L;

  private final WorkerAssignment assignment;

  public TrainingTask(WorkerAssignment assignment) {
    this.assignment = assignment;
  }

  @Override
  public WorkerResult run(BarrierTaskContext context) throws Exception {
    int worker = context.partitionId();
    TransportSettings settings = TransportSettings.of(SparkEnv.get());
    try (DriverLink driver =
        DriverLink.open(assignment.attempt().driver(), assignment.attempt().secret(), worker)) {
      try (ExecutorNode node =
          ExecutorNode.acquire(
              assignment.attempt().id(),
              assignment.attempt().secret(),
              settings.withSilence(assignment.config().cluster().peerTimeout()))) {
        try {
          return train(worker, driver, node);
        } catch (Throwable e) {
          report(e, context, worker, driver);
          node.abort(e);
          throw e;
        }
      } catch (IllegalStateException | IllegalArgumentException e) {
        report(e, context, worker, driver);
        throw e;
      }
    }
  }

  /** A task that Spark has killed fails for another one's reason. */
  private void report(Throwable e, BarrierTaskContext context, int worker, DriverLink driver) {
    if (!context.isInterrupted() && !(e instanceof TaskKilledException)) {
      nonFinite(e).ifPresent(driver::tryReport);
      damaged(e).ifPresent(driver::tryReport);
      driver.tryReport(
          new WorkerReport.Failed(
              worker,
              SparkEnv.get().executorId(),
              SparkEnv.get().blockManager().blockManagerId().host(),
              reason(e),
              outlook(e)));
    }
  }

  private Optional<WorkerReport.NonFinite> nonFinite(Throwable e) {
    long before = assignment.start().prior().iterations();
    for (Throwable one = e; one != null; one = one.getCause()) {
      if (one instanceof NonFiniteGradientException gradient) {
        return Optional.of(
            new WorkerReport.NonFinite(gradient.step() - before, gradient.virtualWorker()));
      }
    }
    return Optional.empty();
  }

  private Optional<WorkerReport.DamagedCheckpoint> damaged(Throwable e) {
    for (Throwable one = e; one != null; one = one.getCause()) {
      if (one instanceof DamagedFileException) {
        return Optional.of(
            new WorkerReport.DamagedCheckpoint(assignment.start().step(), one.getMessage()));
      }
    }
    return Optional.empty();
  }

  /** A gradient or an arithmetic is the same in the next attempt. */
  private static WorkerReport.Outlook outlook(Throwable e) {
    for (Throwable one = e; one != null; one = one.getCause()) {
      boolean recurs =
          one instanceof NonFiniteGradientException
              || (one instanceof TrainingException && !(one instanceof AttemptFailedException));
      if (recurs) {
        return WorkerReport.Outlook.RECURS;
      }
    }
    return WorkerReport.Outlook.MAY_PASS;
  }

  private WorkerResult train(int worker, DriverLink driver, ExecutorNode node) throws Exception {
    TrainingConfig config = assignment.config();
    Configuration hadoop = assignment.checkpoints().hadoop().value();
    NumericProfile profile = NumericProfile.named(config.cluster().numericProfile());
    profile.verify();
    NumericFingerprint fingerprint =
        NumericFingerprint.probe(
            assignment.model(),
            profile,
            ReplicaOptions.of(config),
            assignment.dataset().manifest().tensors(),
            config.data().batchSize());
    List<WorkerReport.Introduction> all =
        driver.meet(
            new WorkerReport.Introduction(
                assignment.attempt().id().attempt(),
                assignment.attempt().workers(),
                worker,
                node.address(),
                fingerprint),
            node.signal(),
            config.cluster().startTimeout());
    int firstOfJvm =
        all.stream()
            .filter(one -> one.node().equals(node.address()))
            .mapToInt(WorkerReport.Introduction::worker)
            .min()
            .orElseThrow();
    AttemptStart start = assignment.start();
    if (config.cluster().mixedBits() == MixedBits.REFUSE) {
      requireSameArithmetic(all, start);
    }
    Protocol protocol = assignment.plan().protocol(config);
    StartState state = new StartState(assignment, hadoop);
    node.start(
        NodeAddress.roster(all.stream().map(WorkerReport.Introduction::node).toList()),
        assignment.plan().server(),
        config.mode().virtualWorkers(),
        protocol,
        state.ofServer(),
        start.prior().iterations() + assignment.schedule().clock(start.step()));
    int from =
        (int) ((long) worker * config.mode().virtualWorkers() / assignment.attempt().workers());
    int to =
        (int) ((worker + 1L) * config.mode().virtualWorkers() / assignment.attempt().workers());
    Optional<LocalOptimizers> optimizers = localOptimizers(state, from, to);
    LeafCompressor compressor = compressor(state, from, to);
    Replicas replicas = replicas(optimizers, compressor, from, to);
    EpochRates rates =
        new EpochRates(
            config, driver, node.signal(), start.rates().epochScale(), start.rates().cuts());
    LoopClock clock = new LoopClock();
    boolean validates = assignment.reads().validates();
    try (ModelReplica replica = ModelReplica.open(assignment.model(), ReplicaOptions.of(config));
        MicroBatchStream stream =
            new MicroBatchStream(
                assignment.reads().training(from, to, start.step(), assignment.schedule()),
                hadoop);
        WorkerReporter journal =
            new WorkerReporter(
                assignment, worker, worker == firstOfJvm, replicas, driver, node, hadoop) {
              @Override
              void validate(int epochsTaken) {
                if (validates) {
                  score(replica, from, to, epochsTaken, driver, hadoop);
                }
                rates.epochTaken(epochsTaken);
              }

              @Override
              public boolean endsHere() {
                return rates.endsHere();
              }
            }) {
      journal.prepareCheckpointAfter(start.step());
      driver.report(
          new WorkerReport.Started(
              worker,
              SparkEnv.get().executorId(),
              node.address().jvmId(),
              node.address().host(),
              fingerprint));
      WorkerLoop.Span span =
          new WorkerLoop.Span(
              config.optimization().seed(),
              config.mode().virtualWorkers(),
              from,
              to,
              assignment.phase().milestones(),
              protocol.consistency(),
              config.mode().overlapDepth(),
              start.step(),
              start.prior().iterations(),
              start.prior().epochs());
      BatchSource batches = clock.timed(() -> nextOf(stream));
      GradientSource gradients = clock.timed(replica);
      LocalComputation contributor =
          optimizers.isPresent()
              ? new LocalSteps(
                  span,
                  assignment.plan().averaged(),
                  gradients,
                  batches,
                  optimizers.get(),
                  rates::scale)
              : new GlobalGradient(span, gradients, batches, compressor);
      new WorkerLoop(span, contributor, exchange(node.client(), rates), journal, clock).run();
      journal.finish();
    }
    // A server must outlive the last pull of every worker.
    node.finish();
    return new WorkerResult(
        worker,
        node.address().jvmId(),
        firstOfJvm,
        node.transferred().out(),
        node.exchanged(),
        new WorkerThroughput(
            worker,
            SparkEnv.get().executorId(),
            node.address().host(),
            to - from,
            clock.examples(),
            new WorkerThroughput.Seconds(
                clock.seconds(Activity.LOOP),
                clock.seconds(Activity.GRADIENTS),
                clock.seconds(Activity.DATA),
                clock.seconds(Activity.PARAMETERS),
                clock.seconds(Activity.BETWEEN_ROUNDS))));
  }

  private Replicas replicas(
      Optional<LocalOptimizers> optimizers, LeafCompressor compressor, int from, int to) {
    if (assignment.plan().keepsState()) {
      return new Replicas(from, to, v -> optimizers.orElseThrow().of(v).state());
    }
    return assignment.plan().compression().keepsResiduals()
        ? new Replicas(from, to, v -> new float[][] {compressor.residual(v)})
        : Replicas.NONE;
  }

  /** With the residuals of the checkpoint, where there is one. */
  private LeafCompressor compressor(StartState start, int from, int to) throws IOException {
    CompressionPlan compression = assignment.plan().compression();
    LeafCompressor compressor = compression.compressor(assignment.plan().model());
    for (int v = from; v < to && compression.keepsResiduals(); v++) {
      float[] residual = start.residual(v);
      if (residual != null) {
        compressor.restore(v, residual);
      }
    }
    return compressor;
  }

  /** Empty where the servers take the steps. */
  private Optional<LocalOptimizers> localOptimizers(StartState start, int from, int to)
      throws IOException {
    ModePlan plan = assignment.plan();
    if (!plan.averages()) {
      return Optional.empty();
    }
    if (!plan.keepsState()) {
      return Optional.of(LocalOptimizers.shared(plan.model()));
    }
    LocalOptimizers optimizers = LocalOptimizers.each(plan.model(), from, to);
    for (int v = from; v < to; v++) {
      float[][] state = start.optimizerState(v);
      if (state != null) {
        optimizers.of(v).restore(state);
      }
    }
    return Optional.of(optimizers);
  }

  private static void requireSameArithmetic(
      List<WorkerReport.Introduction> all, AttemptStart start) {
    WorkerReport.Introduction first = all.get(0);
    String before = start.fingerprintOrNull();
    if (before != null && !before.equals(first.fingerprint().sha256())) {
      throw new TrainingException(
          "numeric fingerprint "
              + first.fingerprint().description()
              + " of "
              + first.node()
              + " is not "
              + before
              + " of the machines that took the first "
              + start.step()
              + " steps: the model would depend on where it was made; go on with the same numeric"
              + " profile on like machines, or pass --allow-mixed-bits");
    }
    for (WorkerReport.Introduction other : all) {
      if (!other.fingerprint().sha256().equals(first.fingerprint().sha256())) {
        throw new TrainingException(
            "numeric fingerprint "
                + first.fingerprint().description()
                + " of "
                + first.node()
                + " != "
                + other.fingerprint().description()
                + " of "
                + other.node()
                + ": the model would depend on who computes what; start all executors with the"
                + " same numeric profile on like machines, or pass --allow-mixed-bits");
      }
    }
  }

  private static BatchSource.Batch nextOf(MicroBatchStream stream) {
    MicroBatchStream.Item item = take(stream);
    if (item == null) {
      throw new NoSuchElementException("the data ended before the last step");
    }
    return new BatchSource.Batch(item.epoch(), item.stepInEpoch(), item.v(), item.batch());
  }

  private static MicroBatchStream.Item take(MicroBatchStream stream) {
    try {
      return stream.next();
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private GradientExchange exchange(ParameterClient client, EpochRates rates) {
    return new GradientExchange() {
      @Override
      public void push(StepKey when, TreeNode node, Contribution sums, float[] vector) {
        try {
          // In mode averaging the scale is the local steps', not the outer optimizer's.
          long step = when.step() - assignment.start().prior().iterations();
          double scale = assignment.plan().averages() ? 1 : rates.scale(step);
          client.push(new StepKey(when.step(), when.epoch(), scale), node, sums, vector);
        } catch (InterruptedException e) {
          throw interrupted(e);
        }
      }

      @Override
      public Pulled pull(long version, long outcomesFrom, float[] vector) {
        try {
          return client.pull(version, outcomesFrom, vector);
        } catch (InterruptedException e) {
          throw interrupted(e);
        }
      }
    };
  }

  private static AttemptFailedException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new AttemptFailedException("the task was interrupted", e);
  }

  /** Sums each virtual worker's part of the validation in file order and reports it. */
  private void score(
      ModelReplica replica,
      int from,
      int to,
      int epochsTaken,
      DriverLink driver,
      Configuration hadoop) {
    List<Evaluator> tallies = new ArrayList<>();
    for (int v = from; v < to; v++) {
      tallies.add(new Evaluator(Evaluator.Detail.TOTALS));
    }
    try (MicroBatchStream stream =
        new MicroBatchStream(assignment.reads().validation(from, to), hadoop)) {
      for (MicroBatchStream.Item item = take(stream); item != null; item = take(stream)) {
        if (item.batch().examples() > 0) {
          replica.evaluate(item.batch(), tallies.get(item.v() - from));
        }
      }
    }
    for (int i = 0; i < tallies.size(); i++) {
      driver.report(new WorkerReport.Validated(epochsTaken, from + i, tallies.get(i).sums()));
    }
  }

  private static String reason(Throwable e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
