package dev.lockstep.trainer.driver;

import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.ModelReader;
import dev.lockstep.trainer.checkpoint.Retention;
import dev.lockstep.trainer.checkpoint.RunProgress;
import dev.lockstep.trainer.plan.Phase;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The checkpoints of a run as its driver knows them: the newest one, and the attempts that were
 * claimed. Lives on the driver; used by one thread; methods that throw {@link IOException} block.
 */
final class RunCheckpoints {

  private final String run;
  private final RunPlan plan;
  private final CheckpointStore store;
  private final Retention retention;
  private final TrainingObserver observer;
  private Optional<CheckpointManifest> newest;
  private int attempt;

  RunCheckpoints(
      StartPoint start, CheckpointStore store, Retention retention, TrainingObserver observer) {
    this.run = start.run();
    this.plan = start.plan();
    this.store = store;
    this.retention = retention;
    this.observer = observer;
    this.newest = start.from();
  }

  /** The newest complete checkpoint at the last {@link #refresh}. */
  Optional<CheckpointManifest> newest() {
    return newest;
  }

  /** Steps of the run taken at the newest checkpoint. */
  long step() {
    return newest.map(manifest -> manifest.step()).orElse(0L);
  }

  RunProgress progress() {
    return newest.map(manifest -> manifest.progress()).orElse(RunProgress.NONE);
  }

  /** Number of the attempt claimed last; 0 before the first. */
  int attempt() {
    return attempt;
  }

  void refresh() throws IOException {
    newest = store.newest(observer::warning);
  }

  /**
   * Claims the next attempt. Before the first claim another driver may have trained the run: the
   * claim takes over what that driver has left. After it, a claim by another driver ends this one.
   *
   * @throws dev.lockstep.trainer.checkpoint.FencedException if another driver has taken the run
   *     over
   */
  void claim() throws IOException {
    attempt =
        (attempt > 0
                ? store.claimAfter(run, plan.identity(), Instant.now(), attempt)
                : store.claim(run, plan.identity(), Instant.now()))
            .attempt();
  }

  /** Whether the folder holds the last claim of this driver and no complete checkpoint. */
  boolean holdOnlyTheClaim() throws IOException {
    return attempt > 0
        && store
            .newestClaim()
            .filter(claim -> claim.run().equals(run) && claim.attempt() == attempt)
            .isPresent()
        && store.complete().isEmpty();
  }

  /** Sets the checkpoint of a step aside if it is the newest one. */
  void setAside(long step, String why) throws IOException {
    if (newest.isPresent() && step() == step) {
      store.setAside(step, why, observer::warning);
    }
    refresh();
  }

  void deleteAfter(long step) throws IOException {
    store.deleteAfter(step);
    refresh();
  }

  /**
   * The model of the newest checkpoint.
   *
   * @throws dev.lockstep.trainer.checkpoint.DamagedFileException if one of its files is damaged
   */
  ModelState read() throws IOException {
    return read(newest.orElseThrow());
  }

  private ModelState read(CheckpointManifest manifest) throws IOException {
    Phase taken =
        plan.phases().stream()
            .filter(phase -> manifest.step() <= phase.syncPoints().lastStep())
            .findFirst()
            .orElseThrow();
    return ModelReader.read(taken.plan(), store.open(manifest));
  }

  /**
   * The model of the best checkpoint.
   *
   * @param step steps of the run taken
   * @param epoch epochs of the run completed
   */
  record Best(ModelState state, long step, int epoch) {}

  /** Empty if no best one is kept or none has a validation; damaged ones are passed over. */
  Optional<Best> best() throws IOException {
    List<CheckpointManifest> complete = new ArrayList<>(store.complete());
    for (Optional<CheckpointManifest> best = retention.best(complete);
        best.isPresent();
        best = retention.best(complete)) {
      CheckpointManifest one = best.get();
      try {
        return Optional.of(new Best(read(one), one.step(), one.epoch()));
      } catch (IOException e) {
        observer.warning("the best checkpoint cannot be read: " + e.getMessage());
        complete.remove(one);
      }
    }
    return Optional.empty();
  }
}
