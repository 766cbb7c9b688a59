package dev.lockstep.trainer.worker;

import dev.lockstep.ps.client.ParameterClient;
import dev.lockstep.ps.client.Pulled;
import dev.lockstep.ps.compress.LeafCompressor;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.Protocol;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.transport.ExecutorNode;
import dev.lockstep.ps.transport.NodeAddress;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.trainer.config.ClusterConfig.MixedBits;
import dev.lockstep.trainer.config.TrainingConfig;
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
import dev.lockstep.trainer.loop.LoopSpec;
import dev.lockstep.trainer.loop.LoopSpec.VirtualWorkers;
import dev.lockstep.trainer.loop.Round;
import dev.lockstep.trainer.loop.RoundListener;
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
import org.apache.spark.SparkEnv;

/** Trains as one worker of an attempt. Lives in an executor; used once, by the task's thread. */
final class Worker {

  private final WorkerAssignment assignment;
  private final TrainingConfig config;
  private final Configuration hadoop;
  private final int number;
  private final DriverLink driver;
  private final ExecutorNode node;
  private final VirtualWorkers own;
  private final LoopClock clock = new LoopClock();
  private final EpochRates rates;

  Worker(WorkerAssignment assignment, int number, DriverLink driver, ExecutorNode node) {
    this.assignment = assignment;
    this.config = assignment.config();
    this.hadoop = assignment.checkpoints().hadoop().value();
    this.number = number;
    this.driver = driver;
    this.node = node;
    this.own =
        VirtualWorkers.of(number, assignment.attempt().workers(), config.mode().virtualWorkers());
    AttemptStart.Rates start = assignment.start().rates();
    this.rates = new EpochRates(config, driver, node.signal(), start.epochScale(), start.cuts());
  }

  /** Meets the others, starts this JVM's parameter server, and takes the steps of the attempt. */
  WorkerResult train() throws Exception {
    NumericFingerprint fingerprint = fingerprint();
    List<WorkerReport.Introduction> all = meet(fingerprint);
    if (config.cluster().mixedBits() == MixedBits.REFUSE) {
      ArithmeticCheck.requireSame(all, assignment.start());
    }
    WorkerContext context = new WorkerContext(assignment, number, firstOfJvm(all), driver, node);
    Protocol protocol = assignment.plan().protocol(config);
    StartState start = new StartState(assignment, hadoop);
    startServer(all, protocol, start);
    Optional<LocalOptimizers> optimizers = localOptimizers(start);
    LeafCompressor compressor = compressor(start);
    WorkerReporter reporter = new WorkerReporter(context);
    try (ModelReplica replica = ModelReplica.open(assignment.model(), ReplicaOptions.of(config));
        MicroBatchStream stream =
            new MicroBatchStream(
                assignment
                    .reads()
                    .training(
                        own.from(), own.to(), assignment.start().step(), assignment.schedule()),
                hadoop);
        CheckpointWriter checkpoints =
            new CheckpointWriter(context, replicas(optimizers, compressor), hadoop)) {
      checkpoints.prepareAfter(assignment.start().step());
      driver.report(
          new WorkerReport.Started(
              number,
              SparkEnv.get().executorId(),
              node.address().jvmId(),
              node.address().host(),
              fingerprint));
      LoopSpec spec = spec(protocol);
      LocalComputation computation = computation(spec, replica, stream, optimizers, compressor);
      RoundListener listener = new Listener(replica, reporter, checkpoints);
      new WorkerLoop(spec, computation, exchange(node.client()), listener, clock).run();
      reporter.flush();
      checkpoints.awaitLastWrite();
    }
    // A server must outlive the last pull of every worker.
    node.finish();
    return result(context);
  }

  private NumericFingerprint fingerprint() {
    NumericProfile profile = NumericProfile.named(config.cluster().numericProfile());
    profile.verify();
    return NumericFingerprint.probe(
        assignment.model(),
        profile,
        ReplicaOptions.of(config),
        assignment.dataset().manifest().tensors(),
        config.data().batchSize());
  }

  private List<WorkerReport.Introduction> meet(NumericFingerprint fingerprint)
      throws InterruptedException {
    return driver.meet(
        new WorkerReport.Introduction(
            assignment.attempt().id().attempt(),
            assignment.attempt().workers(),
            number,
            node.address(),
            fingerprint),
        node.signal(),
        config.cluster().startTimeout());
  }

  private int firstOfJvm(List<WorkerReport.Introduction> all) {
    return all.stream()
        .filter(one -> one.node().equals(node.address()))
        .mapToInt(WorkerReport.Introduction::worker)
        .min()
        .orElseThrow();
  }

  private void startServer(List<WorkerReport.Introduction> all, Protocol protocol, StartState start)
      throws InterruptedException {
    node.start(
        NodeAddress.roster(all.stream().map(WorkerReport.Introduction::node).toList()),
        assignment.plan().server(),
        config.mode().virtualWorkers(),
        protocol,
        start.ofServer(),
        assignment.clock().serverStep(assignment.start().step()));
  }

  private LoopSpec spec(Protocol protocol) {
    return new LoopSpec(
        config.optimization().seed(),
        own,
        assignment.phase().syncPoints(),
        assignment.start().step(),
        assignment.start().prior(),
        protocol.consistency(),
        config.mode().overlapDepth());
  }

  private LocalComputation computation(
      LoopSpec spec,
      ModelReplica replica,
      MicroBatchStream stream,
      Optional<LocalOptimizers> optimizers,
      LeafCompressor compressor) {
    BatchSource batches = clock.timed(() -> next(stream));
    GradientSource gradients = clock.timed(replica);
    return optimizers.isPresent()
        ? new LocalSteps(
            spec, assignment.plan().averaged(), gradients, batches, optimizers.get(), rates::scale)
        : new GlobalGradient(spec, gradients, batches, compressor);
  }

  private WorkerResult result(WorkerContext context) {
    return new WorkerResult(
        number,
        node.address().jvmId(),
        context.firstOfJvm(),
        node.transferred().out(),
        node.exchanged(),
        new WorkerThroughput(
            number,
            SparkEnv.get().executorId(),
            node.address().host(),
            own.count(),
            clock.examples(),
            new WorkerThroughput.Seconds(
                clock.seconds(Activity.LOOP),
                clock.seconds(Activity.GRADIENTS),
                clock.seconds(Activity.DATA),
                clock.seconds(Activity.PARAMETERS),
                clock.seconds(Activity.BETWEEN_ROUNDS))));
  }

  private Replicas replicas(Optional<LocalOptimizers> optimizers, LeafCompressor compressor) {
    if (assignment.plan().keepsState()) {
      return new Replicas(own.from(), own.to(), v -> optimizers.orElseThrow().of(v).state());
    }
    return assignment.plan().compression().keepsResiduals()
        ? new Replicas(own.from(), own.to(), v -> new float[][] {compressor.residual(v)})
        : Replicas.NONE;
  }

  /** With the residuals of the checkpoint, where there is one. */
  private LeafCompressor compressor(StartState start) throws IOException {
    CompressionPlan compression = assignment.plan().compression();
    LeafCompressor compressor = compression.compressor(assignment.plan().model());
    for (int v = own.from(); v < own.to() && compression.keepsResiduals(); v++) {
      float[] residual = start.residual(v);
      if (residual != null) {
        compressor.restore(v, residual);
      }
    }
    return compressor;
  }

  /** Empty where the servers take the steps. */
  private Optional<LocalOptimizers> localOptimizers(StartState start) throws IOException {
    ModePlan plan = assignment.plan();
    if (!plan.averages()) {
      return Optional.empty();
    }
    if (!plan.keepsState()) {
      return Optional.of(LocalOptimizers.shared(plan.model()));
    }
    LocalOptimizers optimizers = LocalOptimizers.each(plan.model(), own.from(), own.to());
    for (int v = own.from(); v < own.to(); v++) {
      float[][] state = start.optimizerState(v);
      if (state != null) {
        optimizers.of(v).restore(state);
      }
    }
    return Optional.of(optimizers);
  }

  private static MicroBatchStream.Item next(MicroBatchStream stream) {
    MicroBatchStream.Item item = nextOrNull(stream);
    if (item == null) {
      throw new NoSuchElementException("the data ended before the last step");
    }
    return item;
  }

  private static MicroBatchStream.Item nextOrNull(MicroBatchStream stream) {
    try {
      return stream.next();
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private GradientExchange exchange(ParameterClient client) {
    return new GradientExchange() {
      @Override
      public void push(StepKey when, TreeNode subtree, Contribution sums, float[] vector) {
        try {
          // In mode averaging the scale is the local steps', not the outer optimizer's.
          double scale =
              assignment.plan().averages()
                  ? 1
                  : rates.scale(assignment.clock().runStep(when.step()));
          client.push(new StepKey(when.step(), when.epoch(), scale), subtree, sums, vector);
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

  /** Reports steps, saves checkpoints, and validates after each epoch. */
  private final class Listener implements RoundListener {

    private final ModelReplica replica;
    private final WorkerReporter reporter;
    private final CheckpointWriter checkpoints;

    Listener(ModelReplica replica, WorkerReporter reporter, CheckpointWriter checkpoints) {
      this.replica = replica;
      this.reporter = reporter;
      this.checkpoints = checkpoints;
    }

    @Override
    public void contributed(Round round, TreeNode subtree, long[] examples, double[] losses) {
      reporter.contributed(round, subtree, examples, losses);
    }

    @Override
    public void roundTaken(Round round, List<StepOutcome> outcomes) {
      reporter.roundTaken(round, outcomes);
      checkpoints.roundTaken(round.endStep());
    }

    @Override
    public void epochTaken(int epochsTaken) {
      reporter.flush();
      if (assignment.reads().validates()) {
        validate(epochsTaken);
      }
      rates.epochTaken(epochsTaken);
    }

    @Override
    public boolean endsHere() {
      return rates.endsHere();
    }

    /** Sums each virtual worker's part of the validation in file order and reports it. */
    private void validate(int epochsTaken) {
      List<Evaluator> evaluators = new ArrayList<>();
      for (int v = own.from(); v < own.to(); v++) {
        evaluators.add(new Evaluator(Evaluator.Detail.TOTALS));
      }
      try (MicroBatchStream stream =
          new MicroBatchStream(assignment.reads().validation(own.from(), own.to()), hadoop)) {
        for (MicroBatchStream.Item item = nextOrNull(stream);
            item != null;
            item = nextOrNull(stream)) {
          if (item.batch().examples() > 0) {
            replica.evaluate(item.batch(), evaluators.get(item.v() - own.from()));
          }
        }
      }
      for (int i = 0; i < evaluators.size(); i++) {
        driver.report(
            new WorkerReport.Validated(epochsTaken, own.from() + i, evaluators.get(i).sums()));
      }
    }
  }
}
