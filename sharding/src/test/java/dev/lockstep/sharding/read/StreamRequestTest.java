package dev.lockstep.sharding.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class StreamRequestTest {

  private static final ShardedDataset DATASET =
      new ShardedDataset(
          "file:/data",
          new DatasetManifest(
              "sample",
              SampleData.TENSORS,
              Map.of(),
              List.of(new DataShard("x", 100, 0, List.of(new DataBlock(10, 0, 50, 0)))),
              Map.of()));
  private static final Holdout SPLIT = Holdout.of(1, 0, new int[] {10});

  private static StreamRequest request(
      int vFrom, int vTo, int batchSize, int startEpoch, int prefetch) {
    return new StreamRequest(
        DATASET,
        Examples.of(SPLIT, Split.TRAINING),
        new Order(1, Shuffle.within(8)),
        new Workers(4, vFrom, vTo),
        batchSize,
        new EpochRange(startEpoch, 0, 3),
        Reading.ahead(prefetch));
  }

  private static void assertRefused(String message, Executable run) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, run).getMessage());
  }

  @Test
  void requestsThatCannotBeAreRefused() {
    assertRefused(
        "virtual workers [from=2, to=2) must be a range within [0, virtualWorkers=4)",
        () -> request(2, 2, 1, 0, 1));
    assertRefused(
        "virtual workers [from=2, to=5) must be a range within [0, virtualWorkers=4)",
        () -> request(2, 5, 1, 0, 1));
    assertRefused("batchSize=0 must be >= 1", () -> request(0, 4, 0, 0, 1));
    assertRefused(
        "prefetch=0 consecutive=1 gatherBytes=268435456 must be >= 1, >= 1 and >= 0",
        () -> request(0, 4, 1, 0, 0));
    assertRefused(
        "epochs start=4 startStep=0 end=3 must be >= 0, >= 0 and >= start",
        () -> request(0, 4, 1, 4, 1));
    assertRefused(
        "holdout of 2 blocks for a dataset of 1: make it from this dataset's blockSizes()",
        () ->
            new StreamRequest(
                DATASET,
                Examples.of(Holdout.of(1, 0, new int[] {5, 5}), Split.TRAINING),
                new Order(1, Shuffle.within(8)),
                Workers.all(4),
                1,
                EpochRange.only(0),
                Reading.ahead(1)));
  }

  @Test
  void survivesSerialization() throws Exception {
    StreamRequest request = request(1, 3, 5, 1, 2);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(request);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      StreamRequest copy = (StreamRequest) in.readObject();
      assertEquals(request.dataset(), copy.dataset());
      assertEquals(3, copy.workers().to());
      assertEquals(request.residentBytes(), copy.residentBytes());
    }
  }
}
