package dev.lockstep.trainer.driver;

import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.trainer.checkpoint.AttemptClaim;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.DamagedFileException;
import dev.lockstep.trainer.checkpoint.RunProgress;
import dev.lockstep.trainer.checkpoint.ShardFile;
import dev.lockstep.trainer.config.OutputConfig.ExistingOutput;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.loop.PriorTraining;
import dev.lockstep.trainer.output.RunFolder;
import dev.lockstep.trainer.plan.RunIdentity;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;

/**
 * What an output folder holds of earlier launches, and what becomes of it: the run there goes on, a
 * new one begins with its parameters, or it is replaced. Lives on the driver; used by one thread.
 */
final class RunHistory {

  private final RunFolder folder;
  private final Configuration hadoop;
  private final TrainingConfig config;
  private final TrainingObserver observer;

  RunHistory(
      RunFolder folder, Configuration hadoop, TrainingConfig config, TrainingObserver observer) {
    this.folder = folder;
    this.hadoop = hadoop;
    this.config = config;
    this.observer = observer;
  }

  /** Where a run stands. */
  enum Standing {
    /** No launch of it has been claimed. */
    NEW,
    /** New, with the parameters of another one in the folder. */
    WARM,
    /** Launched before. */
    GOES_ON
  }

  /**
   * What a command begins with.
   *
   * @param run id of the run
   * @param plan of the run
   * @param from its newest complete checkpoint; empty where there is none
   * @param endedEarly why it has ended before its last epoch; empty if it has not
   * @param replaced id of the run whose parameters a warm start takes; null otherwise
   */
  record Beginning(
      String run,
      Standing standing,
      RunPlan plan,
      Optional<CheckpointManifest> from,
      Optional<String> endedEarly,
      String replaced) {

    boolean isNew() {
      return standing == Standing.NEW;
    }

    /** Steps taken. */
    long step() {
      return from.map(manifest -> manifest.step()).orElse(0L);
    }

    /** Whether no step is left to take. */
    boolean isComplete() {
      return step() == plan.lastStep() || endedEarly.isPresent();
    }

    /** A line for people; empty for a new run. */
    String describe(long steps) {
      return switch (standing) {
        case NEW -> "";
        case WARM ->
            String.format(
                Locale.ROOT, "%s begins with the parameters %s%n", run, plan.origin().text());
        case GOES_ON ->
            isComplete()
                ? String.format(
                    Locale.ROOT,
                    "%s is complete: %,d steps%s%n",
                    run,
                    step(),
                    endedEarly.map(reason -> ": " + reason).orElse(""))
                : String.format(
                    Locale.ROOT,
                    "%s goes on after step %,d of %,d%s%n",
                    run,
                    step(),
                    steps,
                    from.isPresent() ? "" : " (it had no complete checkpoint)");
      };
    }
  }

  /**
   * Refuses outputs of which nothing is known that a run could go on from.
   *
   * @throws IllegalArgumentException naming the folder and what can be done
   */
  static void requireKnown(RunFolder folder, TrainingConfig config, Configuration hadoop)
      throws IOException {
    if (config.output().existing() != ExistingOutput.REPLACE
        && folder.holdsRun()
        && folder.checkpoints(hadoop).newestClaim().isEmpty()) {
      throw new IllegalArgumentException(
          "out="
              + folder.path()
              + " holds outputs, but no checkpoints to go on from: name another folder with --out,"
              + " or replace them with --overwrite");
    }
  }

  /**
   * Looks at the folder and decides; changes nothing in it.
   *
   * @param given what a run begins with that does not go on
   * @param plans the plan of a run with an origin
   * @throws IllegalArgumentException if the run there was made otherwise, and that is not allowed
   */
  Beginning begin(Supplier<RunOrigin> given, Function<RunOrigin, RunPlan> plans)
      throws IOException {
    if (config.output().existing() != ExistingOutput.REPLACE) {
      folder.finishWarmStart();
    }
    CheckpointStore checkpoints = folder.checkpoints(hadoop);
    Optional<AttemptClaim> claim =
        config.output().existing() == ExistingOutput.REPLACE
            ? Optional.empty()
            : checkpoints.newestClaim();
    if (claim.isEmpty()) {
      return new Beginning(
          newRunId(),
          Standing.NEW,
          plans.apply(given.get()),
          Optional.empty(),
          Optional.empty(),
          null);
    }
    AttemptClaim last = claim.get();
    String origin = last.identity().initialParameters();
    RunPlan plan =
        plans.apply(
            RunOrigin.isWarm(origin)
                ? new RunOrigin(origin, null, PriorTraining.NONE)
                : given.get());
    Optional<CheckpointManifest> newest = checkpoints.newest(observer::warning);
    List<String> differences = plan.identity().differences(last.identity());
    if (!differences.isEmpty()) {
      return warmStart(last.run(), differences, plans);
    }
    Beginning goesOn =
        new Beginning(
            last.run(),
            Standing.GOES_ON,
            plan,
            newest,
            newest.flatMap(manifest -> EarlyEnd.reason(config, manifest)),
            null);
    if (goesOn.step() > plan.lastStep()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "epochs=%d end after step %d < step %d of the newest checkpoint of %s in out=%s:"
                  + " raise --epochs, or name another folder with --out",
              config.optimization().epochs(),
              plan.lastStep(),
              goesOn.step(),
              last.run(),
              folder.path()));
    }
    return goesOn;
  }

  private Beginning warmStart(
      String run, List<String> differences, Function<RunOrigin, RunPlan> plans) throws IOException {
    String what =
        "out="
            + folder.path()
            + " holds "
            + run
            + ", which was made otherwise: "
            + String.join("; ", differences);
    if (config.output().existing() != ExistingOutput.WARM_START) {
      throw new IllegalArgumentException(
          what
              + ": give what was given then, begin a new run with its parameters with --warm-start,"
              + " name another folder with --out, or replace it with --overwrite");
    }
    RunOrigin origin =
        warmOrigin(run)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        what
                            + ": it has no complete checkpoint to start from: replace it with"
                            + " --overwrite"));
    int parameters = origin.state().theta().length;
    RunPlan plan = plans.apply(origin);
    if (plan.mode().model().layout().parameters() != parameters) {
      throw new IllegalArgumentException(
          what
              + ": --warm-start needs a model of as many parameters ("
              + plan.mode().model().layout().parameters()
              + " != "
              + parameters
              + ")");
    }
    return new Beginning(newRunId(), Standing.WARM, plan, Optional.empty(), Optional.empty(), run);
  }

  /** The parameters of the newest checkpoint that is undamaged. */
  private Optional<RunOrigin> warmOrigin(String run) throws IOException {
    CheckpointStore checkpoints = folder.checkpoints(hadoop);
    while (true) {
      Optional<CheckpointManifest> newest = checkpoints.newest(observer::warning);
      if (newest.isEmpty()) {
        return Optional.empty();
      }
      CheckpointManifest from = newest.get();
      try {
        // The servers' vector begins with θ in every mode.
        float[] theta = checkpoints.open(from).vector(0, 0, from.identity().parameters());
        return Optional.of(RunOrigin.warm(run, from.step(), theta));
      } catch (DamagedFileException e) {
        checkpoints.setAside(from.step(), e.getMessage(), observer::warning);
      }
    }
  }

  /**
   * Makes the folder what the run needs, after all checks and before anything is launched. What a
   * warm start replaces is moved aside, and at every moment the folder has the one or the other.
   */
  void prepare(Beginning beginning) throws IOException {
    switch (beginning.standing()) {
      case NEW -> {
        if (config.output().existing() != ExistingOutput.REPLACE && folder.holdsRun()) {
          throw new IllegalArgumentException(
              "out="
                  + folder.path()
                  + " was empty and holds a run now, of another driver: give the same command again"
                  + " to go on with it, or name another folder with --out");
        }
        folder.clear();
      }
      case WARM -> {
        commitOrigin(beginning);
        folder.setAside(beginning.replaced());
      }
      case GOES_ON -> {}
    }
  }

  /** The parameters that a warm start takes become the new run's checkpoint of step 0. */
  private void commitOrigin(Beginning beginning) throws IOException {
    folder.clearWarmStart();
    CheckpointStore checkpoints = folder.warmStart(hadoop);
    RunPlan plan = beginning.plan();
    RunIdentity identity = plan.identity();
    AttemptClaim claim = checkpoints.claim(beginning.run(), identity, Instant.now());
    float[] vector = plan.phases().get(0).plan().vector(plan.origin().state().theta(), null);
    CheckpointManifest.ShardEntry shard =
        checkpoints.writeShard(new ShardFile(0, 0, ModelState.fresh(vector)), 0, claim.attempt());
    checkpoints.commit(
        new CheckpointManifest(
            new AttemptId(beginning.run(), claim.attempt()),
            0,
            NO_ARITHMETIC,
            identity,
            RunProgress.none(),
            new CheckpointManifest.Contents(
                vector.length, config.mode().virtualWorkers(), List.of(shard), List.of())));
  }

  /** Numeric fingerprint of a checkpoint before the first step. */
  static final String NO_ARITHMETIC = "none";

  private static String newRunId() {
    byte[] random = new byte[6];
    new SecureRandom().nextBytes(random);
    return "run-" + HexFormat.of().formatHex(random);
  }
}
