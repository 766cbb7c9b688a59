package dev.lockstep.trainer.worker;

import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.compress.LeafCompressor;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.NonFiniteGradientException;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.transport.Exchanged;
import dev.lockstep.ps.transport.ExecutorNode;
import dev.lockstep.ps.transport.NodeAddress;
import dev.lockstep.ps.transport.rpc.TransportSettings;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.ModelState;
import dev.lockstep.trainer.checkpoint.RateCuts;
import dev.lockstep.trainer.cluster.BarrierStage;
import dev.lockstep.trainer.config.ClusterConfig.Kernels;
import dev.lockstep.trainer.config.ClusterConfig.MixedBits;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.control.AttemptFailedException;
import dev.lockstep.trainer.control.DriverLink;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.loop.BatchSource;
import dev.lockstep.trainer.loop.GlobalGradient;
import dev.lockstep.trainer.loop.GradientExchange;
import dev.lockstep.trainer.loop.GradientSource;
import dev.lockstep.trainer.loop.LocalComputation;
import dev.lockstep.trainer.loop.LocalOptimizers;
import dev.lockstep.trainer.loop.LocalSteps;
import dev.lockstep.trainer.loop.LoopClock;
import dev.lockstep.trainer.loop.LoopClock.Activity;
import dev.lockstep.trainer.loop.StepSchedule;
import dev.lockstep.trainer.loop.SyncPoints;
import dev.lockstep.trainer.loop.WorkerLoop;
import dev.lockstep.trainer.metrics.WorkerThroughput;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.replica.ModelReplica;
import dev.lockstep.trainer.model.replica.NumericFingerprint;
import dev.lockstep.trainer.model.replica.ReplicaOptions;
import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.plan.CompressionPlan;
import dev.lockstep.trainer.plan.ModePlan;
import dev.lockstep.trainer.score.Evaluator;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskKilledException;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * One worker of one attempt: a barrier task. Built on the driver, runs in an executor.
 *
 * <p>It joins the executor's node, meets the other workers once to learn who serves which parameter
 * shard and that all compute alike, trains, and leaves after all have finished.
 */
public final class TrainingTask implements BarrierStage.Task<TrainingTask.Result> {

  private static final long serialVersionUID = 1L;
  private static final int PREFETCHED_STEPS = 2;

  private final Assignment assignment;

  public TrainingTask(Assignment assignment) {
    this.assignment = assignment;
  }

  /**
   * What all workers of an attempt are told.
   *
   * @param workers W
   * @param runToken secret of the run, asked of every connection
   * @param plan what the mode makes of the model's updates
   * @param milestones of the attempt
   * @param checkpoints where parameter shards are saved
   */
  public record Assignment(
      TrainingConfig config,
      AttemptId attempt,
      String runToken,
      int workers,
      ShardedDataset dataset,
      ModelDefinition model,
      ModePlan plan,
      Broadcast<Start> start,
      SyncPoints milestones,
      NodeAddress driver,
      String checkpoints,
      SerializableConfiguration hadoop)
      implements Serializable {

    /** Without the secrets: a record would show them wherever it is printed. */
    @Override
    public String toString() {
      return "worker of " + attempt + ", W=" + workers + ", " + milestones;
    }

    /** How micro-batches make steps and rounds. */
    public StepSchedule pace() {
      return milestones.pace();
    }

    /** Steps of the run taken when the attempt is complete. */
    public long lastStep() {
      return milestones.lastStep();
    }
  }

  /**
   * Where the attempt begins.
   *
   * @param vector that the servers begin with: θ, and in mode {@code averaging} the state that is
   *     averaged
   * @param serverState optimizer state vectors of the servers, as long as the vector, or null for
   *     fresh ones
   * @param keptState optimizer state of length P that every virtual worker begins with where each
   *     keeps its own, or null for a fresh one
   * @param replicas the files of virtual workers of the checkpoint of this step, which take the
   *     place of {@code keptState}; empty where there are none
   * @param step steps of the run taken
   * @param before what the model had been trained before the run
   * @param rateScale what the learning rate is multiplied by in the epoch of the first step
   * @param cuts what it is multiplied by besides, by step
   * @param fingerprintOrNull numeric fingerprint of those who took the steps so far; null where
   *     none were taken
   */
  public record Start(
      float[] vector,
      float[][] serverState,
      float[][] keptState,
      List<CheckpointManifest.ReplicaEntry> replicas,
      long step,
      TrainedBefore before,
      double rateScale,
      RateCuts cuts,
      String fingerprintOrNull)
      implements Serializable {

    /**
     * A start from a model.
     *
     * @param model its parameters and optimizer state
     * @param step steps of the run taken
     */
    public static Start of(ModePlan plan, ModelState model, long step, TrainedBefore before) {
      return new Start(
          plan.vector(model.theta(), model.state()),
          plan.averages() ? null : model.state(),
          plan.keepsState() ? model.state() : null,
          List.of(),
          step,
          before,
          1,
          RateCuts.NONE,
          null);
    }

    /** A start from a checkpoint that workers of the same plan have taken. */
    public static Start of(CheckpointStore.Snapshot snapshot, TrainedBefore before) {
      return new Start(
          snapshot.theta(),
          snapshot.state().length == 0 ? null : snapshot.state(),
          null,
          snapshot.manifest().replicas(),
          snapshot.manifest().step(),
          before,
          1,
          RateCuts.NONE,
          null);
    }

    /** The same after what was noted of the steps so far. */
    public Start after(CheckpointManifest manifest) {
      List<Double> scales = manifest.progress().rateScales();
      return new Start(
          vector,
          serverState,
          keptState,
          replicas,
          step,
          before,
          scales.isEmpty() ? 1 : scales.get(scales.size() - 1),
          cuts,
          manifest.step() == 0 ? null : manifest.numericFingerprint());
    }

    /** The same with cuts of the learning rate. */
    public Start with(RateCuts made) {
      return new Start(
          vector,
          serverState,
          keptState,
          replicas,
          step,
          before,
          rateScale,
          made,
          fingerprintOrNull);
    }
  }

  /**
   * What a model had been trained before a run, for schedules and bias corrections.
   *
   * @param iterations optimizer steps
   * @param epochs completed
   */
  public record TrainedBefore(long iterations, int epochs) implements Serializable {

    /** A fresh model, or fresh state. */
    public static final TrainedBefore NOTHING = new TrainedBefore(0, 0);
  }

  /**
   * What a worker leaves behind.
   *
   * @param jvm id of its executor's JVM
   * @param servedFrom first worker of the same JVM, which answers for its traffic
   * @param bytesSent through the JVM's sockets
   * @param bytesPushed of elements by all workers of the JVM, and {@code bytesPulled}, whatever
   *     carried them
   */
  public record Result(
      int worker,
      String jvm,
      int servedFrom,
      long bytesSent,
      long bytesPushed,
      long bytesPulled,
      WorkerThroughput throughput)
      implements Serializable {}

  @Override
  public Result run(BarrierTaskContext context) throws Exception {
    int worker = context.partitionId();
    TransportSettings settings = TransportSettings.of(SparkEnv.get());
    try (DriverLink driver = DriverLink.open(assignment.driver(), assignment.runToken(), worker)) {
      try (ExecutorNode node =
          ExecutorNode.acquire(
              assignment.attempt(),
              assignment.runToken(),
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
    long before = assignment.start().value().before().iterations();
    for (Throwable one = e; one != null; one = one.getCause()) {
      if (one instanceof NonFiniteGradientException gradient) {
        return Optional.of(
            new WorkerReport.NonFinite(gradient.step() - before, gradient.virtualWorker()));
      }
    }
    return Optional.empty();
  }

  /** A gradient or an arithmetic is the same at the next launch. */
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

  private Result train(int worker, DriverLink driver, ExecutorNode node) throws Exception {
    TrainingConfig config = assignment.config();
    Configuration hadoop = assignment.hadoop().value();
    NumericProfile profile = NumericProfile.named(config.cluster().numericProfile());
    profile.verify();
    NumericFingerprint fingerprint =
        NumericFingerprint.probe(
            assignment.model(),
            profile,
            replicaOptions(config),
            assignment.dataset().manifest().tensors(),
            config.data().batchSize());
    List<WorkerReport.Introduction> all =
        driver.meet(
            new WorkerReport.Introduction(
                assignment.attempt().attempt(),
                assignment.workers(),
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
    Start start = assignment.start().value();
    if (config.cluster().mixedBits() == MixedBits.REFUSE) {
      requireSameArithmetic(all, start);
    }
    Protocol protocol = assignment.plan().protocol(config);
    node.start(
        NodeAddress.roster(all.stream().map(WorkerReport.Introduction::node).toList()),
        assignment.plan().server(),
        config.mode().virtualWorkers(),
        protocol,
        start.vector(),
        start.serverState(),
        start.before().iterations() + assignment.pace().clock(start.step()));
    int from = (int) ((long) worker * config.mode().virtualWorkers() / assignment.workers());
    int to = (int) ((worker + 1L) * config.mode().virtualWorkers() / assignment.workers());
    Optional<LocalOptimizers> optimizers = localOptimizers(start, from, to, hadoop);
    LeafCompressor compressor = compressor(start, from, to, hadoop);
    Replicas replicas = replicas(optimizers, compressor, from, to);
    EpochRates rates =
        new EpochRates(config, driver, node.signal(), start.rateScale(), start.cuts());
    LoopClock clock = new LoopClock();
    boolean validates = validates(config, assignment.dataset());
    try (ModelReplica replica = ModelReplica.open(assignment.model(), replicaOptions(config));
        MicroBatchStream stream =
            new MicroBatchStream(
                trainingStream(
                    config, assignment.dataset(), from, to, start.step(), assignment.pace()),
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
              assignment.milestones(),
              protocol.consistency(),
              config.mode().overlapDepth(),
              start.step(),
              start.before().iterations(),
              start.before().epochs());
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
      contributor.receive(start.vector());
      new WorkerLoop(span, contributor, exchange(node.client(), rates), journal, clock).run();
      journal.finish();
    }
    // A server must outlive the last pull of every worker.
    node.finish();
    Exchanged exchanged = node.exchanged();
    return new Result(
        worker,
        node.address().jvmId(),
        firstOfJvm,
        node.transferred().out(),
        exchanged.pushed(),
        exchanged.pulled(),
        new WorkerThroughput(
            worker,
            SparkEnv.get().executorId(),
            node.address().host(),
            to - from,
            clock.examples(),
            clock.seconds(Activity.LOOP),
            clock.seconds(Activity.GRADIENTS),
            clock.seconds(Activity.DATA),
            clock.seconds(Activity.PARAMETERS),
            clock.seconds(Activity.BETWEEN_ROUNDS)));
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
  private LeafCompressor compressor(Start start, int from, int to, Configuration hadoop)
      throws IOException {
    CompressionPlan compression = assignment.plan().compression();
    LeafCompressor compressor = compression.compressor(assignment.plan().model());
    if (compression.keepsResiduals() && !start.replicas().isEmpty()) {
      CheckpointStore checkpoints = new CheckpointStore(new Path(assignment.checkpoints()), hadoop);
      for (int v = from; v < to; v++) {
        compressor.restore(
            v, checkpoints.readReplica(start.step(), start.replicas().get(v)).vectors()[0]);
      }
    }
    return compressor;
  }

  /** Empty where the servers take the steps. */
  private Optional<LocalOptimizers> localOptimizers(
      Start start, int from, int to, Configuration hadoop) throws IOException {
    ModePlan plan = assignment.plan();
    if (!plan.averages()) {
      return Optional.empty();
    }
    if (!plan.keepsState()) {
      return Optional.of(LocalOptimizers.shared(plan.model()));
    }
    LocalOptimizers optimizers = LocalOptimizers.each(plan.model(), from, to);
    CheckpointStore checkpoints = new CheckpointStore(new Path(assignment.checkpoints()), hadoop);
    for (int v = from; v < to; v++) {
      if (!start.replicas().isEmpty()) {
        optimizers
            .of(v)
            .restore(checkpoints.readReplica(start.step(), start.replicas().get(v)).vectors());
      } else if (start.keptState() != null) {
        optimizers.of(v).restore(start.keptState());
      }
    }
    return Optional.of(optimizers);
  }

  private static void requireSameArithmetic(List<WorkerReport.Introduction> all, Start start) {
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

  /** What a worker that plays {@code [from, to)} reads to train. */
  public static StreamRequest trainingStream(
      TrainingConfig config,
      ShardedDataset dataset,
      int from,
      int to,
      long firstStep,
      StepSchedule pace) {
    return new StreamRequest(
            dataset,
            split(config, dataset),
            Split.TRAINING,
            config.optimization().seed(),
            config.mode().virtualWorkers(),
            from,
            to,
            config.data().batchSize(),
            0,
            pace.epoch(firstStep),
            pace.firstMicroBatch(firstStep),
            config.optimization().epochs(),
            PREFETCHED_STEPS * (to - from))
        .withShuffle(config.order().shuffleOf(dataset.manifest()))
        .withGatherBytes(config.order().memory().bytes())
        .withConsecutive(pace.consecutive())
        .withAugmentation(config.data().augmentation());
  }

  /** What it reads to validate: its part of all validation examples, in the order of the file. */
  private static StreamRequest validationStream(
      TrainingConfig config, ShardedDataset dataset, int from, int to) {
    return new StreamRequest(
        dataset,
        split(config, dataset),
        Split.VALIDATION,
        config.optimization().seed(),
        config.mode().virtualWorkers(),
        from,
        to,
        config.data().batchSize(),
        0,
        0,
        0,
        1,
        PREFETCHED_STEPS * (to - from));
  }

  /** Whether examples are held out for validation, by the training or by the dataset's writer. */
  public static boolean validates(TrainingConfig config, ShardedDataset dataset) {
    return split(config, dataset).examples(Split.VALIDATION) > 0;
  }

  public static Holdout split(TrainingConfig config, ShardedDataset dataset) {
    return dataset
        .manifest()
        .holdout(config.optimization().seed(), config.data().validationFraction());
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
          long step = when.step() - assignment.start().value().before().iterations();
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
        new MicroBatchStream(
            validationStream(assignment.config(), assignment.dataset(), from, to), hadoop)) {
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

  public static ReplicaOptions replicaOptions(TrainingConfig config) {
    return new ReplicaOptions(
        config.cluster().kernels() == Kernels.ONEDNN
            ? ReplicaOptions.Kernels.ONEDNN
            : ReplicaOptions.Kernels.BUILT_IN);
  }

  private static String reason(Throwable e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
