package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.plan.Part;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.store.MicroBatchStream;
import dev.lockstep.sharding.store.StreamRequest;
import org.apache.hadoop.conf.Configuration;

/** What a dataset holds, for tests. */
final class ReadBack {

  private ReadBack() {}

  /** The whole dataset, in the order of its shards, as one micro-batch. */
  static MicroBatch all(Dataset dataset) throws Exception {
    Split split = Split.of(0, 0, dataset.shardSet().blockSizes());
    int examples = (int) dataset.shardSet().examples();
    StreamRequest request =
        new StreamRequest(dataset, split, Part.TRAINING, 0, 1, 0, 1, examples, 0, 0, 0, 1, 1);
    try (MicroBatchStream stream = new MicroBatchStream(request, new Configuration())) {
      return stream.next().batch();
    }
  }
}
