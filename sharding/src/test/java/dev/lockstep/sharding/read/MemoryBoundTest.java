package dev.lockstep.sharding.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import dev.lockstep.sharding.store.BlockReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a stream holds, driven without its thread. */
class MemoryBoundTest {

  private static final Configuration CONF = new Configuration();

  @TempDir static Path folder;
  private static ShardedDataset dataset;

  @BeforeAll
  static void writeDataset() throws IOException {
    dataset = SampleData.write(folder.resolve("data").toString(), CONF, 2_000, 500, 16);
  }

  private static StreamRequest request(Holdout holdout, Split split, int window) {
    return request(Examples.of(holdout, split), Shuffle.within(window), Reading.ahead(2));
  }

  private static StreamRequest request(Examples examples, Shuffle shuffle, Reading reading) {
    return new StreamRequest(
        dataset,
        examples,
        new Order(1, shuffle),
        Workers.all(4),
        10,
        new EpochRange(0, 0, 3),
        reading);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 20, 64, 10_000})
  void holdsNoMoreDecodedBlocksThanItSays(int window) throws IOException {
    int[] sizes = dataset.manifest().blockSizes();
    for (Holdout holdout : new Holdout[] {Holdout.of(1, 0, sizes), Holdout.of(1, 0.25, sizes)}) {
      for (Split split :
          Stream.of(Split.values()).filter(each -> holdout.examples(each) > 0).toList()) {
        StreamRequest request = request(holdout, split, window);
        long blockBytes = 4L * (3 + 1);
        long batchBytes = (request.reading().prefetch() + 2L) * request.batchSize() * 4 * (3 + 5);
        long bound = (request.residentBytes() - batchBytes - request.decodingBytes()) / blockBytes;
        try (BlockReader blocks = new BlockReader(dataset, CONF)) {
          BatchAssembler batches = new BatchAssembler(request, blocks);
          long most = 0;
          while (batches.next() != null) {
            while (batches.readOneBlockAhead()) {
              most = Math.max(most, batches.heldExamples());
              assertEquals(0, blocks.arrowBytes());
            }
            most = Math.max(most, batches.heldExamples());
          }
          assertTrue(most > 0 && most <= bound, "held " + most + " of " + bound);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0,1", "20000,1", "20000,7", "100000,1", "1000000000,3"})
  void aFullShuffleGathersNoMoreThanItSaysAndNoMoreThanAsked(long gatherBytes, int consecutive)
      throws IOException {
    int[] sizes = dataset.manifest().blockSizes();
    StreamRequest request =
        request(
            Examples.of(Holdout.of(1, 0.25, sizes), Split.TRAINING),
            Shuffle.FULL,
            new Reading(2, consecutive, gatherBytes));
    long stepBytes = 4L * (request.batchSize() * 4 * (3 + 5) + 4 * 48);
    long inHand =
        (request.reading().prefetch() + 2L) * request.batchSize() * 4 * (3 + 5)
            + request.decodingBytes();
    assertTrue(
        request.residentBytes() - inHand <= Math.max(gatherBytes, 2L * consecutive * stepBytes));
    long bound = (request.residentBytes() - inHand) / (4 * (3 + 5));
    try (BlockReader blocks = new BlockReader(dataset, CONF)) {
      BatchAssembler batches = new BatchAssembler(request, blocks);
      long most = batches.heldExamples();
      int read = 0;
      while (batches.next() != null) {
        most = Math.max(most, batches.heldExamples());
        while (batches.readOneBlockAhead()) {
          most = Math.max(most, batches.heldExamples());
          read++;
        }
      }
      assertTrue(most > 0 && most <= bound, "held " + most + " of " + bound);
      assertTrue(read <= 3 * request.passes() * sizes.length, read + " blocks read");
      assertEquals(0, batches.heldExamples());
    }
  }

  @Test
  void whatIsGatheredAtATimeDecidesHowOftenTheDataAreRead() {
    assertEquals(1, passes(Reading.ahead(2)));
    // 50 steps of 2,048 bytes, half of what is asked for at a time.
    assertEquals(5, passes(new Reading(2, 1, 40_960)));
    assertEquals(50, passes(new Reading(2, 1, 0)));
  }

  private static long passes(Reading reading) {
    Holdout holdout = Holdout.of(1, 0, dataset.manifest().blockSizes());
    return request(Examples.of(holdout, Split.TRAINING), Shuffle.FULL, reading).passes();
  }

  @Test
  void theBoundDoesNotGrowWithTheDataset() throws IOException {
    ShardedDataset larger =
        SampleData.write(folder.resolve("larger").toString(), CONF, 4_000, 500, 16);
    Holdout holdout = Holdout.of(1, 0, dataset.manifest().blockSizes());
    Holdout largerSplit = Holdout.of(1, 0, larger.manifest().blockSizes());
    assertEquals(
        request(holdout, Split.TRAINING, 64).residentBytes(),
        new StreamRequest(
                larger,
                Examples.of(largerSplit, Split.TRAINING),
                new Order(1, Shuffle.within(64)),
                Workers.all(4),
                10,
                new EpochRange(0, 0, 3),
                Reading.ahead(2))
            .residentBytes());
  }
}
