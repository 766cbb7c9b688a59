package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import org.apache.hadoop.conf.Configuration;

/** Datasets as they were written. */
public final class Read {

  private Read() {}

  /** All examples of a split, in the order of the files. */
  public static MicroBatch split(ShardedDataset dataset, Split split) throws Exception {
    Holdout holdout = dataset.manifest().holdout(0, 0);
    int examples = (int) holdout.examples(split);
    StreamRequest request =
        new StreamRequest(
            dataset,
            Examples.of(holdout, split),
            new Order(0, Shuffle.NONE),
            Workers.all(1),
            Math.max(1, examples),
            EpochRange.only(0),
            Reading.ahead(1));
    try (MicroBatchStream stream = new MicroBatchStream(request, new Configuration())) {
      MicroBatchStream.Item item = stream.next();
      return item == null ? null : item.batch();
    }
  }

  /** All examples of a dataset that stores no split. */
  public static MicroBatch all(ShardedDataset dataset) throws Exception {
    return split(dataset, Split.TRAINING);
  }

  /** The values of a tensor. */
  public static float[] values(ShardedDataset dataset, MicroBatch batch, String tensor) {
    for (int t = 0; t < batch.tensors().size(); t++) {
      if (batch.tensors().get(t).name().equals(tensor)) {
        return batch.values().get(t);
      }
    }
    throw new IllegalArgumentException(
        tensor
            + " is none of "
            + dataset.manifest().tensors().stream().map(TensorSpec::name).toList());
  }
}
