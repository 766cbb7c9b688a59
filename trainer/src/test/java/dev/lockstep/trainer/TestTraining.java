package dev.lockstep.trainer;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.driver.TrainingObserver;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Trainings of one model on one dataset, on the shared local Spark. Global batches are of 4 x 16
 * examples, a fifth of the examples validates, two workers train unless a test says otherwise.
 *
 * @param folder of the output folders
 * @param observer of the trainings that name none
 * @param base what the test class changes in every training
 */
public record TestTraining(
    Path folder,
    ShardedDataset dataset,
    InitialModel model,
    TrainingObserver observer,
    UnaryOperator<TrainingConfig.Builder> base) {

  /**
   * Trainings of a built-in model.
   *
   * @param model such as {@code mlp:30}
   */
  public static TestTraining of(
      Path folder,
      ShardedDataset dataset,
      String model,
      UnaryOperator<TrainingConfig.Builder> base) {
    return new TestTraining(folder, dataset, null, TrainingObserver.NONE, base).withModel(model);
  }

  /** The same with another built-in model. */
  public TestTraining withModel(String name) {
    return withModel(
        InitialModel.fresh(
            ModelDefinition.builtIn(name, dataset.manifest().tensors(), BuiltInOptions.DEFAULT)));
  }

  /** The same with another model. */
  public TestTraining withModel(InitialModel other) {
    return new TestTraining(folder, dataset, other, observer, base);
  }

  /** The same with other data. */
  public TestTraining withData(ShardedDataset other) {
    return new TestTraining(folder, other, model, observer, base);
  }

  /** The same, observed. */
  public TestTraining observedBy(TrainingObserver other) {
    return new TestTraining(folder, dataset, model, other, base);
  }

  /** Trains in an output folder of its own. */
  public TrainingResult run(int workers, UnaryOperator<TrainingConfig.Builder> change)
      throws IOException {
    return run("run-" + System.nanoTime(), c -> change.apply(c.cluster(s -> s.workers(workers))));
  }

  /** The same, observed. */
  public TrainingResult run(
      String name, UnaryOperator<TrainingConfig.Builder> change, TrainingObserver other)
      throws IOException {
    return observedBy(other).run(name, change);
  }

  /** Trains in a named output folder, which may hold a run. */
  public TrainingResult run(String name, UnaryOperator<TrainingConfig.Builder> change)
      throws IOException {
    TrainingConfig.Builder config =
        TrainingConfig.builder()
            .data(d -> d.batchSize(16).validationFraction(0.2))
            .cluster(s -> s.workers(2))
            .output(o -> o.folder(folder.resolve(name).toString()));
    JavaSparkContext spark = LocalSpark.shared();
    return Lockstep.train(
        spark, model, dataset, change.apply(base.apply(config)).build(), observer);
  }
}
