package dev.lockstep.trainer.model.replica;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.loop.GradientSource.Position;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.ModelShape;
import dev.lockstep.trainer.model.UnsupportedModelException;
import dev.lockstep.trainer.model.network.BuiltModel;
import java.util.ArrayList;
import java.util.List;

/**
 * Refuses what Lockstep would train wrongly, before anything is started. Lives on the driver.
 *
 * <p>A loss class of the user's own is taken to be a sum over examples, as DL4J's are.
 */
public final class ModelValidation {

  private ModelValidation() {}

  /**
   * Checks a model, and that it fits a dataset.
   *
   * @param definition the model
   * @param tensors of the dataset
   * @param virtualWorkers V
   * @param clipping Lockstep's own
   * @param seed of the initial parameters
   * @return the model's network, which the check had to build
   * @throws UnsupportedModelException naming every problem and its remedy
   */
  public static BuiltModel check(
      ModelDefinition definition,
      List<TensorSpec> tensors,
      int virtualWorkers,
      Clipping clipping,
      long seed) {
    boolean masked = tensors.stream().anyMatch(t -> t.role() == TensorSpec.Role.FEATURES_MASK);
    require(new ConfigurationCheck(virtualWorkers, masked).problems(definition));
    BuiltModel model = BuiltModel.of(definition, seed);
    List<String> problems = new ArrayList<>(updateProblems(model, clipping));
    problems.addAll(ModelShape.of(definition).problems(tensors));
    require(problems);
    require(trialProblems(definition, model, tensors));
    return model;
  }

  /**
   * Checks what can be checked of a model before the data are known.
   *
   * @param definition the model
   * @param virtualWorkers V
   * @throws UnsupportedModelException naming every problem and its remedy
   */
  public static void checkModel(ModelDefinition definition, int virtualWorkers) {
    require(new ConfigurationCheck(virtualWorkers, false).problems(definition));
  }

  private static void require(List<String> problems) {
    if (!problems.isEmpty()) {
      throw new UnsupportedModelException(problems);
    }
  }

  private static List<String> updateProblems(BuiltModel model, Clipping clipping) {
    try {
      model.updatePlan(clipping);
      return List.of();
    } catch (UnsupportedModelException e) {
      return e.problems();
    }
  }

  /** What only DL4J itself can tell: whether a gradient can be computed at all. */
  private static List<String> trialProblems(
      ModelDefinition definition, BuiltModel model, List<TensorSpec> tensors) {
    try (ModelReplica replica = ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
      replica.setParameters(model.initialParameters());
      replica.gradient(
          SyntheticExamples.of(tensors, 2),
          new Position(1, 0, 0),
          new float[replica.parameterCount()]);
      return List.of();
    } catch (UnsupportedModelException e) {
      return e.problems();
    } catch (RuntimeException e) {
      return List.of(
          "the model cannot compute examples of this dataset "
              + tensors.stream().map(t -> t.name() + t.shape()).toList()
              + ": DL4J says: "
              + e.getMessage());
    }
  }
}
