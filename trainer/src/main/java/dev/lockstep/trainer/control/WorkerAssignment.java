package dev.lockstep.trainer.control;

import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.transport.NodeAddress;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.loop.StepClock;
import dev.lockstep.trainer.loop.StepSchedule;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.plan.ModePlan;
import dev.lockstep.trainer.plan.Phase;
import dev.lockstep.trainer.plan.ReadPlan;
import java.io.Serializable;
import org.apache.spark.util.SerializableConfiguration;

/**
 * What the driver tells all workers of an attempt. Crosses from driver to executors.
 *
 * @param phase of the run that the attempt trains
 * @param start where the attempt starts
 * @param attempt which attempt, and how to reach its driver
 * @param checkpoints where checkpoint files are written
 */
public record WorkerAssignment(
    TrainingConfig config,
    ShardedDataset dataset,
    ModelDefinition model,
    Phase phase,
    AttemptStart start,
    AttemptContext attempt,
    CheckpointFolder checkpoints)
    implements Serializable {

  /**
   * One attempt of a run.
   *
   * @param workers W
   * @param driver where the attempt's driver endpoint listens
   * @param secret of the attempt, which every connection must prove
   */
  public record AttemptContext(AttemptId id, int workers, NodeAddress driver, String secret)
      implements Serializable {

    /** Without the secret: a record would print it. */
    @Override
    public String toString() {
      return id + ", W=" + workers;
    }
  }

  /**
   * Where an attempt's checkpoint files are.
   *
   * @param folder of all checkpoints of the run, on any Hadoop file system
   * @param hadoop how to reach it
   */
  public record CheckpointFolder(String folder, SerializableConfiguration hadoop)
      implements Serializable {}

  /** Without the settings: they may hold secrets. */
  @Override
  public String toString() {
    return "worker of " + attempt + ", " + phase;
  }

  /** What the phase's mode makes of the model's updates. */
  public ModePlan plan() {
    return phase.plan();
  }

  /** How micro-batches make steps and rounds. */
  public StepSchedule schedule() {
    return phase.syncPoints().schedule();
  }

  /** Converts the steps of the run. */
  public StepClock clock() {
    return new StepClock(schedule(), start.prior());
  }

  /** Steps of the run taken when the attempt is complete. */
  public long lastStep() {
    return phase.syncPoints().lastStep();
  }

  /** Which examples the run reads. */
  public ReadPlan reads() {
    return new ReadPlan(config, dataset);
  }
}
