package dev.lockstep.trainer.driver;

import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.loop.PriorTraining;
import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.output.RunFolder;

/**
 * What a run begins with. Lives on the driver.
 *
 * @param text in a few words, for the run's determinants
 * @param state parameters, and the optimizer's state
 * @param before what they had been trained before
 */
record RunOrigin(String text, ModelState state, PriorTraining before) {

  private static final String WARM = "of ";

  /**
   * The given model.
   *
   * @param built of its definition and the run's seed
   * @param optimizer whether what it saved of its optimizer is of use
   */
  static RunOrigin given(InitialModel model, BuiltModel built, OptimizerState optimizer) {
    float[] theta = model.saved().map(SavedTraining::theta).orElse(built.initialParameters());
    if (optimizer == OptimizerState.FRESH) {
      return new RunOrigin(
          "sha256 " + RunFolder.sha256(theta), new ModelState(theta, null), PriorTraining.NONE);
    }
    StringBuilder text = new StringBuilder("sha256 ").append(RunFolder.sha256(theta));
    if (model.state() != null) {
      for (float[] vector : model.state()) {
        text.append(", state ").append(RunFolder.sha256(vector));
      }
    }
    if (model.iterations() > 0 || model.epochs() > 0) {
      text.append(", after ").append(model.iterations()).append(" steps");
      text.append(" and ").append(model.epochs()).append(" epochs");
    }
    return new RunOrigin(
        text.toString(),
        new ModelState(theta, model.state()),
        new PriorTraining(model.iterations(), model.epochs()));
  }

  /** The parameters of another run, with fresh state. */
  static RunOrigin warm(String run, long step, float[] theta) {
    return new RunOrigin(
        WARM + run + " after step " + step, new ModelState(theta, null), PriorTraining.NONE);
  }

  /**
   * The model that the run starts from where it has no checkpoint.
   *
   * @param run id of the run
   * @throws TrainingException if it was in a checkpoint alone
   */
  ModelState model(String run) {
    if (state == null) {
      throw new TrainingException(
          run
              + " started from the parameters "
              + text
              + ", and none of its checkpoints is left undamaged: start it again from the"
              + " folder before-RUN of that run, or replace it with --overwrite");
    }
    return state;
  }

  /** Whether a text is that of a warm start. */
  static boolean isWarm(String text) {
    return text.startsWith(WARM);
  }

  /** What becomes of the optimizer's state that was saved with a model. */
  enum OptimizerState {
    /** Training continues with it. */
    OF_MODEL,
    /** Another optimizer starts with fresh state. */
    FRESH
  }
}
