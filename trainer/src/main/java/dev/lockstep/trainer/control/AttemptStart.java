package dev.lockstep.trainer.control;

import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.ModelState;
import dev.lockstep.trainer.checkpoint.RateCuts;
import dev.lockstep.trainer.loop.PriorTraining;
import dev.lockstep.trainer.plan.ModePlan;
import java.io.Serializable;
import java.util.List;

/**
 * Where an attempt starts. Crosses from driver to executors.
 *
 * @param vectors parameters and optimizer state to start from
 * @param step steps of the run taken
 * @param prior training of the model before the run
 * @param rates what the learning rate is multiplied by
 * @param fingerprintOrNull numeric fingerprint of the steps taken so far; null before the first
 */
public record AttemptStart(
    Vectors vectors, long step, PriorTraining prior, Rates rates, String fingerprintOrNull)
    implements Serializable {

  /**
   * Parameters and optimizer state.
   *
   * @param vector that the servers start with: θ, and in mode {@code averaging} the state that is
   *     averaged
   * @param serverState optimizer state vectors of the servers, as long as the vector, or null for
   *     fresh ones
   * @param keptState optimizer state of length P that every virtual worker starts with where each
   *     keeps its own, or null for a fresh one
   * @param replicas the files of virtual workers of the checkpoint of this step, which take the
   *     place of {@code keptState}; empty where there are none
   */
  public record Vectors(
      float[] vector,
      float[][] serverState,
      float[][] keptState,
      List<CheckpointManifest.ReplicaEntry> replicas)
      implements Serializable {}

  /**
   * What the learning rate is multiplied by.
   *
   * @param epochScale in the epoch of the first step
   * @param cuts besides, by step
   */
  public record Rates(double epochScale, RateCuts cuts) implements Serializable {

    /** The scheduled rate. */
    static final Rates SCHEDULED = new Rates(1, RateCuts.NONE);
  }

  /**
   * A start from a model.
   *
   * @param model its parameters and optimizer state
   * @param step steps of the run taken
   */
  public static AttemptStart of(ModePlan plan, ModelState model, long step, PriorTraining prior) {
    return new AttemptStart(
        new Vectors(
            plan.vector(model.theta(), model.state()),
            plan.averages() ? null : model.state(),
            plan.keepsState() ? model.state() : null,
            List.of()),
        step,
        prior,
        Rates.SCHEDULED,
        null);
  }

  /** A start from a checkpoint that workers of the same plan have taken. */
  public static AttemptStart of(CheckpointStore.Snapshot snapshot, PriorTraining prior) {
    return new AttemptStart(
        new Vectors(
            snapshot.theta(),
            snapshot.state().length == 0 ? null : snapshot.state(),
            null,
            snapshot.manifest().replicas()),
        snapshot.manifest().step(),
        prior,
        Rates.SCHEDULED,
        null);
  }

  /** The same with the rate and the numeric fingerprint that a checkpoint recorded. */
  public AttemptStart after(CheckpointManifest manifest) {
    List<Double> scales = manifest.progress().rateScales();
    double scale = scales.isEmpty() ? 1 : scales.get(scales.size() - 1);
    return new AttemptStart(
        vectors,
        step,
        prior,
        new Rates(scale, rates.cuts()),
        manifest.step() == 0 ? null : manifest.numericFingerprint());
  }

  /** The same with cuts of the learning rate. */
  public AttemptStart with(RateCuts cuts) {
    return new AttemptStart(
        vectors, step, prior, new Rates(rates.epochScale(), cuts), fingerprintOrNull);
  }
}
