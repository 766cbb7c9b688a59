package dev.lockstep.trainer.control;

import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.RateCuts;
import dev.lockstep.trainer.loop.PriorTraining;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.broadcast.Broadcast;

/**
 * Where an attempt starts. Crosses from driver to executors.
 *
 * @param source where parameters and optimizer state come from
 * @param step steps of the run taken
 * @param prior training of the model before the run
 * @param rates what the learning rate is multiplied by
 * @param fingerprintOrNull numeric fingerprint of the steps taken so far; null before the first
 */
public record AttemptStart(
    Source source, long step, PriorTraining prior, Rates rates, String fingerprintOrNull)
    implements Serializable {

  /** Where parameters and optimizer state come from. */
  public sealed interface Source extends Serializable {}

  /**
   * A model made or read by the driver, for the first step of a run.
   *
   * @param model its parameters, P of them, and optimizer state
   */
  public record Given(Broadcast<ModelState> model) implements Source {}

  /**
   * A checkpoint, whose files are read by the servers and workers that need them.
   *
   * @param contents its files
   * @param phase by whose plan it was written
   */
  public record Saved(CheckpointManifest.Contents contents, WrittenIn phase) implements Source {}

  /** The phase of the run that wrote a checkpoint. */
  public enum WrittenIn {
    /** The phase that the attempt trains. */
    THIS_PHASE,
    /** The one before, in which the servers took the model's own steps. */
    PHASE_BEFORE
  }

  /**
   * What the learning rate is multiplied by.
   *
   * @param epochScale in the epoch of the first step
   * @param cuts besides, by step
   */
  public record Rates(double epochScale, RateCuts cuts) implements Serializable {}

  /** A start from a model, at the scheduled rate but for cuts. */
  public static AttemptStart of(Broadcast<ModelState> model, PriorTraining prior, RateCuts cuts) {
    return new AttemptStart(new Given(model), 0, prior, new Rates(1, cuts), null);
  }

  /** A start from a checkpoint, with the rate and the numeric fingerprint that it recorded. */
  public static AttemptStart of(
      CheckpointManifest manifest, WrittenIn phase, PriorTraining prior, RateCuts cuts) {
    List<Double> scales = manifest.progress().rates().scales();
    double scale = scales.isEmpty() ? 1 : scales.get(scales.size() - 1);
    return new AttemptStart(
        new Saved(manifest.contents(), phase),
        manifest.step(),
        prior,
        new Rates(scale, cuts),
        manifest.step() == 0 ? null : manifest.numericFingerprint());
  }
}
