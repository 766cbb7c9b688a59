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
import dev.lockstep.trainer.driver.StartPoint.RunStatus;
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
 * What an output folder holds of earlier commands, and what becomes of it: the run there is
 * resumed, a new run starts from its parameters, or it is replaced. Lives on the driver; used by
 * one thread.
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

  /**
   * Refuses outputs without checkpoints, which no run could be resumed from.
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
              + " holds outputs, but no checkpoints to resume from: name another folder with --out,"
              + " or replace them with --overwrite");
    }
  }

  /**
   * Looks at the folder and decides; changes nothing in it.
   *
   * @param given what a new run starts from
   * @param plans the plan of a run with an origin
   * @throws IllegalArgumentException if the run there has other settings, and that is not allowed
   */
  StartPoint start(Supplier<RunOrigin> given, Function<RunOrigin, RunPlan> plans)
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
      return new StartPoint(
          newRunId(),
          RunStatus.NEW,
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
    StartPoint resumed =
        new StartPoint(
            last.run(),
            RunStatus.RESUMED,
            plan,
            newest,
            newest.flatMap(manifest -> EarlyEnd.reason(config, manifest)),
            null);
    if (resumed.step() > plan.lastStep()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "epochs=%d end after step %d < step %d of the newest checkpoint of %s in out=%s:"
                  + " raise --epochs, or name another folder with --out",
              config.optimization().epochs(),
              plan.lastStep(),
              resumed.step(),
              last.run(),
              folder.path()));
    }
    return resumed;
  }

  private StartPoint warmStart(
      String run, List<String> differences, Function<RunOrigin, RunPlan> plans) throws IOException {
    String what =
        "out="
            + folder.path()
            + " holds "
            + run
            + ", which has other settings: "
            + String.join("; ", differences);
    if (config.output().existing() != ExistingOutput.WARM_START) {
      throw new IllegalArgumentException(
          what
              + ": repeat its settings, start a new run from its parameters with --warm-start,"
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
    return new StartPoint(
        newRunId(), RunStatus.WARM_START, plan, Optional.empty(), Optional.empty(), run);
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
   * Prepares the folder for the run, after all checks and before workers are started. A warm start
   * moves the old run aside; at every moment the folder holds the one run or the other.
   */
  void prepare(StartPoint start) throws IOException {
    switch (start.status()) {
      case NEW -> {
        if (config.output().existing() != ExistingOutput.REPLACE && folder.holdsRun()) {
          throw new IllegalArgumentException(
              "out="
                  + folder.path()
                  + " was empty and now holds the run of another driver: repeat the command to"
                  + " resume it, or name another folder with --out");
        }
        folder.clear();
      }
      case WARM_START -> {
        commitOrigin(start);
        folder.setAside(start.replaced());
      }
      case RESUMED -> {}
    }
  }

  /** The parameters that a warm start takes become the new run's checkpoint of step 0. */
  private void commitOrigin(StartPoint start) throws IOException {
    folder.clearWarmStart();
    CheckpointStore checkpoints = folder.warmStart(hadoop);
    RunPlan plan = start.plan();
    RunIdentity identity = plan.identity();
    AttemptClaim claim = checkpoints.claim(start.run(), identity, Instant.now());
    float[] vector = plan.phases().get(0).plan().vector(plan.origin().state().theta(), null);
    CheckpointManifest.ShardEntry shard =
        checkpoints.writeShard(new ShardFile(0, 0, ModelState.fresh(vector)), 0, claim.attempt());
    checkpoints.commit(
        new CheckpointManifest(
            new AttemptId(start.run(), claim.attempt()),
            0,
            NO_ARITHMETIC,
            identity,
            RunProgress.NONE,
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
