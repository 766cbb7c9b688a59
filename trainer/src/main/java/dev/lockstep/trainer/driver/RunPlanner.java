package dev.lockstep.trainer.driver;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.schedule.RunLength;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.EpochPlan;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.loop.StepSchedule;
import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.plan.MemoryPlan;
import dev.lockstep.trainer.plan.ModePlan;
import dev.lockstep.trainer.plan.Phase;
import dev.lockstep.trainer.plan.PlannedUpdates;
import dev.lockstep.trainer.plan.ReadPlan;
import dev.lockstep.trainer.plan.RunIdentityFactory;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Plans a run: from its configuration, model and dataset to what it will do. Lives on the driver;
 * immutable.
 */
final class RunPlanner {

  private final TrainingConfig config;
  private final InitialModel initial;
  private final BuiltModel built;
  private final ShardedDataset dataset;

  RunPlanner(
      TrainingConfig config, InitialModel initial, BuiltModel built, ShardedDataset dataset) {
    this.config = config;
    this.initial = initial;
    this.built = built;
    this.dataset = dataset;
  }

  /** The origin of a new run, which starts from the given model. */
  RunOrigin given() {
    return RunOrigin.given(
        initial,
        built,
        replacesUpdaters() ? RunOrigin.OptimizerState.FRESH : RunOrigin.OptimizerState.OF_MODEL);
  }

  /** What a run from an origin will do. */
  RunPlan plan(RunOrigin origin) {
    ModePlan ofModel = ModePlan.of(config, built.updatePlan(clipping(config)));
    StepSchedule schedule =
        new StepSchedule(microBatchesPerEpoch(), config.mode().accumulate(), ofModel.roundSteps());
    RunLength length =
        new RunLength(
            origin.before().iterations(),
            origin.before().epochs(),
            schedule.stepsPerEpoch(),
            config.optimization().epochs());
    ModePlan plan =
        ModePlan.of(
            config, PlannedUpdates.of(config, ofModel.model(), built.vectorBlocks(), length));
    return new RunPlan(
        origin,
        plan,
        schedule,
        Phase.of(config, plan, schedule),
        RunIdentityFactory.of(config, dataset, initial.definition(), plan.model(), origin.text()));
  }

  private long microBatchesPerEpoch() {
    int[] blocks = dataset.manifest().blockSizes();
    Holdout split = new ReadPlan(config, dataset).split();
    int[] training = split.sizes(Split.TRAINING);
    long examples = IntStream.of(training).asLongStream().sum();
    if (examples == 0) {
      throw new IllegalArgumentException(
          "dataset "
              + dataset.location()
              + " has no training examples (examples="
              + IntStream.of(blocks).asLongStream().sum()
              + ", validationFraction="
              + config.data().validationFraction()
              + "): give data, or a smaller fraction");
    }
    return EpochPlan.of(
            config.optimization().seed(),
            0,
            config.mode().virtualWorkers(),
            training,
            config.order().shuffleOf(dataset.manifest()))
        .steps(config.data().batchSize());
  }

  static Clipping clipping(TrainingConfig config) {
    if (config.optimization().clipNorm() > 0) {
      return new Clipping.GlobalNorm(config.optimization().clipNorm());
    }
    return config.optimization().clipValue() > 0
        ? new Clipping.ByValue(config.optimization().clipValue())
        : new Clipping.None();
  }

  /**
   * Whether Lockstep's own optimizer takes the place of the model's, whose state is then unused.
   */
  private boolean replacesUpdaters() {
    return config.optimization().optimizer().algorithm() != null;
  }

  /**
   * A model that the run has trained.
   *
   * @param state its parameters and optimizer state
   * @param steps of the run taken
   * @param epochs of the run completed
   */
  InitialModel trained(RunPlan plan, ModelState state, long steps, int epochs) {
    boolean isWarm = RunOrigin.isWarm(plan.origin().text());
    return InitialModel.trained(
        initial.definition(),
        new SavedTraining(
            state.theta(),
            replacesUpdaters() ? null : state.state(),
            (isWarm ? 0 : initial.iterations()) + steps,
            (isWarm ? 0 : initial.epochs()) + epochs));
  }

  /**
   * Describes the run for people.
   *
   * @param workers W; 0 if no step is left to take
   */
  String describe(StartPoint start, int workers) {
    ModePlan plan = start.plan().mode();
    StepSchedule schedule = start.plan().schedule();
    String text = start.describe(schedule.stepsPerEpoch() * config.optimization().epochs());
    if (workers > 0) {
      int perWorker = (config.mode().virtualWorkers() + workers - 1) / workers;
      StreamRequest stream = new ReadPlan(config, dataset).training(0, perWorker, 0, schedule);
      MemoryPlan memory =
          MemoryPlan.of(
              plan, schedule, config.mode().virtualWorkers(), workers, stream.residentBytes());
      text +=
          String.format(
                  Locale.ROOT,
                  "%,d parameters, V=%d virtual workers x b=%d%s on W=%d worker%s, %,d steps of %d"
                      + " epoch%s%s%n",
                  plan.model().layout().parameters(),
                  config.mode().virtualWorkers(),
                  config.data().batchSize(),
                  config.mode().accumulate() == 1 ? "" : " x a=" + config.mode().accumulate(),
                  workers,
                  workers == 1 ? "" : "s",
                  schedule.stepsPerEpoch() * config.optimization().epochs(),
                  config.optimization().epochs(),
                  config.optimization().epochs() == 1 ? "" : "s",
                  plan.averages() ? ", averaged every " + plan.roundSteps() : "")
              + describeOptimizer()
              + describeOrder(stream)
              + memory.describe(workers);
    }
    return text;
  }

  private String describeOptimizer() {
    if (!replacesUpdaters()) {
      return "";
    }
    String name = config.optimization().optimizer().algorithm().toString();
    return "optimizer "
        + name
        + " in place of the model's updaters: checkpoints carry its state, model.zip fresh state of"
        + " the model's own"
        + (initial.state() == null
            ? ""
            : "; the updater state that was saved with the model is not used")
        + System.lineSeparator();
  }

  private String describeOrder(StreamRequest stream) {
    if (config.order().shuffle() != Shuffle.Kind.FULL) {
      return "";
    }
    return String.format(
        Locale.ROOT,
        "full shuffle: each worker reads all data %s in an epoch, gathering up to %s%s%n",
        stream.passes() == 1 ? "once" : String.format(Locale.ROOT, "%,d times", stream.passes()),
        config.order().memory(),
        stream.passes() == 1 ? "" : "; --shuffle-memory makes that fewer");
  }
}
