package dev.lockstep.trainer.worker;

import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.server.ShardSource;
import dev.lockstep.trainer.checkpoint.CheckpointReader;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.control.AttemptStart;
import dev.lockstep.trainer.control.AttemptStart.WrittenIn;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.plan.ModePlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * The parameters and optimizer state that an attempt starts with, for the server and the virtual
 * workers of one executor. From a checkpoint each reads only what it keeps. Used by one thread.
 */
final class StartState {

  private final AttemptStart.Source source;
  private final ModePlan plan;

  /** Null where the attempt starts from a model. */
  private final CheckpointReader checkpoint;

  /** State of the model's optimizer, read for the first virtual worker that starts with it. */
  private float[][] modelState;

  StartState(WorkerAssignment assignment, Configuration hadoop) throws IOException {
    this.source = assignment.start().source();
    this.plan = assignment.plan();
    this.checkpoint =
        source instanceof AttemptStart.Saved saved
            ? new CheckpointStore(new Path(assignment.checkpoints().folder()), hadoop)
                .open(assignment.start().step(), saved.contents())
            : null;
  }

  /** Reads the range of a parameter server. */
  ShardSource ofServer() {
    return (begin, end) -> {
      try {
        return read(begin, end);
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
    };
  }

  private ModelState read(int begin, int end) throws IOException {
    if (source instanceof AttemptStart.Given given) {
      ModelState model = given.model().value();
      float[] vector = plan.vector(model.theta(), model.state());
      return new ModelState(vector, plan.averages() ? null : model.state()).range(begin, end);
    }
    if (isOfPhaseBefore()) {
      return ModelState.fresh(plan.averaged().range(begin, end, checkpoint::vector));
    }
    ModelState saved = checkpoint.read(begin, end);
    return saved.state().length == 0 ? ModelState.fresh(saved.theta()) : saved;
  }

  private boolean isOfPhaseBefore() {
    return source instanceof AttemptStart.Saved saved && saved.phase() == WrittenIn.PHASE_BEFORE;
  }

  /** The optimizer state of a virtual worker that keeps its own; null for a fresh one. */
  float[][] optimizerState(int virtualWorker) throws IOException {
    if (source instanceof AttemptStart.Given given) {
      return given.model().value().state();
    }
    if (!isOfPhaseBefore()) {
      return hasReplicas() ? checkpoint.replica(virtualWorker) : null;
    }
    if (modelState == null) {
      int vectors = plan.model().stateVectors();
      float[][] read = new float[vectors][];
      for (int k = 0; k < vectors; k++) {
        read[k] = checkpoint.vector(k + 1, 0, plan.model().layout().parameters());
      }
      modelState = read;
    }
    return modelState;
  }

  /** What a virtual worker's compression left unsent; null where it starts with nothing. */
  float[] residual(int virtualWorker) throws IOException {
    return checkpoint != null && !isOfPhaseBefore() && hasReplicas()
        ? checkpoint.replica(virtualWorker)[0]
        : null;
  }

  private boolean hasReplicas() {
    return !checkpoint.contents().replicas().isEmpty();
  }
}
