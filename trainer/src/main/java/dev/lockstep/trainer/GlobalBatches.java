package dev.lockstep.trainer;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.data.GlobalBatch;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.plan.ReadPlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * The global batches of one epoch, in the order in which a training in mode {@code sync} without
 * accumulation takes them, for plain DL4J: who calls {@code network.fit(batch)} with each makes the
 * training's steps on one machine, augmentation included. Or the examples that it keeps for
 * validation. Lives on the driver; reads the data shards as it goes; for one thread. A read that
 * fails ends in an {@link UncheckedIOException}.
 */
public final class GlobalBatches implements Iterator<DataSet>, AutoCloseable {

  private final ModelDefinition model;
  private final int virtualWorkers;
  private final MicroBatchStream stream;
  private MultiDataSet next;

  private GlobalBatches(
      ModelDefinition model, TrainingConfig config, StreamRequest request, Configuration hadoop) {
    this.model = model;
    this.virtualWorkers = config.mode().virtualWorkers();
    this.stream = new MicroBatchStream(request, hadoop);
  }

  /** The batches of an epoch of training, counted from 0. */
  static GlobalBatches training(
      ModelDefinition model,
      ShardedDataset data,
      TrainingConfig config,
      int epoch,
      Configuration hadoop) {
    if (config.mode().kind() != Mode.SYNC || config.mode().accumulate() != 1) {
      throw new IllegalArgumentException(
          "mode="
              + config.mode().kind()
              + " accumulate="
              + config.mode().accumulate()
              + ": only steps of mode sync without accumulation are each of one global batch");
    }
    return new GlobalBatches(
        model, config, new ReadPlan(config, data).trainingEpoch(epoch), hadoop);
  }

  /** The examples that a training keeps for validation. */
  static GlobalBatches validation(
      ModelDefinition model, ShardedDataset data, TrainingConfig config, Configuration hadoop) {
    return new GlobalBatches(
        model,
        config,
        new ReadPlan(config, data).validation(0, config.mode().virtualWorkers()),
        hadoop);
  }

  @Override
  public boolean hasNext() {
    if (next == null) {
      List<MicroBatch> step = step();
      next = step.isEmpty() ? null : GlobalBatch.join(model, step);
    }
    return next != null;
  }

  private List<MicroBatch> step() {
    List<MicroBatch> step = new ArrayList<>();
    try {
      for (int v = 0; v < virtualWorkers; v++) {
        MicroBatchStream.Item item = stream.next();
        if (item != null) {
          step.add(item.batch());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while reading a global batch", e);
    }
    return step;
  }

  /**
   * A batch of its own arrays, at most V · b examples.
   *
   * @throws IllegalArgumentException if the model has more than one input or output
   */
  @Override
  public DataSet next() {
    return GlobalBatch.single(nextMulti());
  }

  /** The next batch for a model of any number of inputs and outputs. */
  public MultiDataSet nextMulti() {
    if (!hasNext()) {
      throw new NoSuchElementException("the epoch has no more global batches");
    }
    MultiDataSet batch = next;
    next = null;
    return batch;
  }

  /** Stops reading. */
  @Override
  public void close() {
    stream.close();
  }
}
