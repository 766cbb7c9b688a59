package dev.lockstep.trainer.model.replica;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.trainer.loop.GradientSource;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.score.Evaluator;
import java.util.List;

/**
 * A copy of a model that computes gradients, losses and predictions and never updates itself. Lives
 * in an executor; open, use and close it on one thread.
 */
public interface ModelReplica extends GradientSource {

  /**
   * A replica with parameters zero.
   *
   * @param definition parsed anew, so that no two replicas share a configuration
   * @param options how it computes
   */
  static ModelReplica open(ModelDefinition definition, ReplicaOptions options) {
    return new Dl4jReplica(definition, options);
  }

  /** Losses at the replica's parameters, as in inference: no dropout, running statistics. */
  ExampleSums score(MicroBatch batch);

  /**
   * The model's outputs.
   *
   * @param batch its labels are ignored, but must be present
   * @return for each output a row-major array of shape {@code [examples, shape...]}
   */
  List<float[]> predict(MicroBatch batch);

  /** Adds losses and predictions, compared with labels, to an evaluator. */
  default void evaluate(MicroBatch batch, Evaluator evaluator) {
    ExampleSums sums = score(batch);
    evaluator.add(batch, predict(batch), sums);
  }
}
