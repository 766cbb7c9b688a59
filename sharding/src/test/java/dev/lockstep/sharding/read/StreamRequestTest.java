package dev.lockstep.sharding.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Split;
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
              1,
              "sample",
              SampleData.TENSORS,
              Map.of(),
              List.of(new DataShard("x", 100, 0, List.of(new DataBlock(10, 0, 50, 0)))),
              Map.of()));
  private static final Holdout SPLIT = Holdout.of(1, 0, new int[] {10});

  private static StreamRequest request(
      int vFrom, int vTo, int batchSize, int startEpoch, int prefetch) {
    return new StreamRequest(
        DATASET, SPLIT, Split.TRAINING, 1, 4, vFrom, vTo, batchSize, 8, startEpoch, 0, 3, prefetch);
  }

  private static void assertRefused(String message, Executable run) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, run).getMessage());
  }

  @Test
  void requestsThatCannotBeAreRefused() {
    assertRefused(
        "virtual workers [vFrom=2, vTo=2) must be a range within [0, virtualWorkers=4)",
        () -> request(2, 2, 1, 0, 1));
    assertRefused(
        "virtual workers [vFrom=2, vTo=5) must be a range within [0, virtualWorkers=4)",
        () -> request(2, 5, 1, 0, 1));
    assertRefused("batchSize=0 prefetch=1 must be >= 1", () -> request(0, 4, 0, 0, 1));
    assertRefused("batchSize=1 prefetch=0 must be >= 1", () -> request(0, 4, 1, 0, 0));
    assertRefused(
        "startEpoch=4 startStepInEpoch=0 endEpoch=3 must be >= 0, >= 0 and >= startEpoch",
        () -> request(0, 4, 1, 4, 1));
    assertRefused(
        "holdout of 2 blocks for a dataset of 1: make it from this dataset's blockSizes()",
        () ->
            new StreamRequest(
                DATASET,
                Holdout.of(1, 0, new int[] {5, 5}),
                Split.TRAINING,
                1,
                4,
                0,
                4,
                1,
                8,
                0,
                0,
                1,
                1));
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
      assertEquals(3, copy.vTo());
      assertEquals(request.residentBytes(), copy.residentBytes());
    }
  }
}
