package dev.lockstep.sharding.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.EpochPlan;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.MicroBatchStream.Item;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MicroBatchStreamTest {

  private static final int EXAMPLES = 157;
  private static final int VIRTUAL_WORKERS = 4;
  private static final int BATCH = 6;
  private static final int EPOCHS = 2;
  private static final long SEED = 7;
  private static final Configuration CONF = new Configuration();

  @TempDir static Path folder;
  private static ShardedDataset dataset;
  private static Holdout all;

  @BeforeAll
  static void writeDataset() throws IOException {
    dataset = SampleData.write(folder.resolve("data").toString(), CONF, EXAMPLES, 60, 13);
    all = Holdout.of(SEED, 0, dataset.manifest().blockSizes());
  }

  /** A shuffle full or within a window, full ones in pieces of two or of many steps. */
  private static StreamRequest request(String shuffle, int vFrom, int vTo, int epoch, long step) {
    Shuffle order =
        shuffle.startsWith("full") ? Shuffle.FULL : Shuffle.within(Integer.parseInt(shuffle));
    return new StreamRequest(
        dataset,
        Examples.of(all, Split.TRAINING),
        new Order(SEED, order),
        new Workers(VIRTUAL_WORKERS, vFrom, vTo),
        BATCH,
        new EpochRange(epoch, step, EPOCHS),
        reading(shuffle, 1));
  }

  private static Reading reading(String shuffle, int consecutive) {
    long gatherBytes = shuffle.equals("full in pieces") ? 6_400 : Reading.ahead(1).gatherBytes();
    return new Reading(3, consecutive, gatherBytes);
  }

  private static StreamRequest request(int window, int vFrom, int vTo, int epoch, long step) {
    return request(Integer.toString(window), vFrom, vTo, epoch, step);
  }

  private static List<Item> read(StreamRequest request) throws Exception {
    List<Item> items = new ArrayList<>();
    try (MicroBatchStream stream = new MicroBatchStream(request, CONF)) {
      for (Item item = stream.next(); item != null; item = stream.next()) {
        items.add(item);
      }
      assertNull(stream.next());
    }
    return items;
  }

  /** The example numbers of a micro-batch, each checked to be whole. */
  private static List<Integer> numbers(MicroBatch batch) {
    List<Integer> numbers = new ArrayList<>();
    float[] features = batch.values().get(0);
    float[] labels = batch.values().get(1);
    for (int row = 0; row < batch.examples(); row++) {
      int i = (int) features[3 * row];
      assertEquals(2 * i, features[3 * row + 1]);
      assertEquals(-i / 4f, features[3 * row + 2]);
      for (int c = 0; c < SampleData.CLASSES; c++) {
        assertEquals(c == i % SampleData.CLASSES ? 1 : 0, labels[row * SampleData.CLASSES + c]);
      }
      numbers.add(i);
    }
    return numbers;
  }

  private static Map<String, List<Integer>> byPlace(List<Item> items) {
    Map<String, List<Integer>> found = new HashMap<>();
    for (Item item : items) {
      String place = item.epoch() + "/" + item.stepInEpoch() + "/" + item.v();
      assertNull(found.put(place, numbers(item.batch())), place);
    }
    return found;
  }

  @ParameterizedTest
  @CsvSource({
    "0,2,0",
    "5,3,0",
    "16,4,1",
    "5,3,4",
    "1000,100,2",
    "full,3,4",
    "full in pieces,2,0",
    "full in pieces,3,4",
    "full in pieces,100,2"
  })
  void rowsHoldTheSameMicroBatchesInAnotherOrder(String shuffle, int consecutive, long first)
      throws Exception {
    StreamRequest oneByOne = request(shuffle, 1, VIRTUAL_WORKERS, 0, first);
    List<Item> items =
        read(
            new StreamRequest(
                dataset,
                oneByOne.examples(),
                oneByOne.order(),
                oneByOne.workers(),
                BATCH,
                oneByOne.epochs(),
                reading(shuffle, consecutive)));
    assertEquals(byPlace(read(oneByOne)), byPlace(items));
    List<String> order = new ArrayList<>();
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      long steps =
          EpochPlan.of(
                  SEED,
                  epoch,
                  VIRTUAL_WORKERS,
                  all.sizes(Split.TRAINING),
                  oneByOne.order().shuffle())
              .steps(BATCH);
      for (long begin = epoch == 0 ? first : 0; begin < steps; ) {
        long end = Math.min(steps, (begin / consecutive + 1) * consecutive);
        for (int v = 1; v < VIRTUAL_WORKERS; v++) {
          for (long step = begin; step < end; step++) {
            order.add(epoch + "/" + step + "/" + v);
          }
        }
        begin = end;
      }
    }
    assertEquals(
        order, items.stream().map(i -> i.epoch() + "/" + i.stepInEpoch() + "/" + i.v()).toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1", "5", "16", "1000", "full", "full in pieces"})
  void usesEachExampleOncePerEpochInTheOrderOfThePlan(String shuffle) throws Exception {
    StreamRequest request = request(shuffle, 0, VIRTUAL_WORKERS, 0, 0);
    List<Item> items = read(request);
    int[] sizes = dataset.manifest().blockSizes();
    int[] firstOfBlock = new int[sizes.length];
    for (int b = 1; b < sizes.length; b++) {
      firstOfBlock[b] = firstOfBlock[b - 1] + sizes[b - 1];
    }
    int at = 0;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      EpochPlan plan = EpochPlan.of(SEED, epoch, VIRTUAL_WORKERS, sizes, request.order().shuffle());
      TreeSet<Integer> seen = new TreeSet<>();
      for (long step = 0; step < plan.steps(BATCH); step++) {
        for (int v = 0; v < VIRTUAL_WORKERS; v++) {
          Item item = items.get(at++);
          assertEquals(epoch, item.epoch());
          assertEquals(step, item.stepInEpoch());
          assertEquals(v, item.v());
          List<Integer> wanted = new ArrayList<>();
          for (EpochPlan.Place place :
              plan.places(v, step * BATCH, plan.batchLength(v, step, BATCH))) {
            wanted.add(firstOfBlock[place.block()] + place.index());
          }
          assertEquals(wanted, numbers(item.batch()));
          seen.addAll(wanted);
        }
      }
      assertEquals(IntStream.range(0, EXAMPLES).boxed().toList(), List.copyOf(seen));
    }
    assertEquals(at, items.size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "5", "1000", "full", "full in pieces"})
  void sameMicroBatchesHoweverTheVirtualWorkersAreShared(String shuffle) throws Exception {
    Map<String, List<Integer>> together = byPlace(read(request(shuffle, 0, VIRTUAL_WORKERS, 0, 0)));
    for (int cut = 1; cut < VIRTUAL_WORKERS; cut++) {
      List<Item> apart = new ArrayList<>(read(request(shuffle, 0, cut, 0, 0)));
      apart.addAll(read(request(shuffle, cut, VIRTUAL_WORKERS, 0, 0)));
      assertEquals(together, byPlace(apart));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "5", "16", "full", "full in pieces"})
  void resumingAnywhereYieldsTheTailOfTheUninterruptedStream(String shuffle) throws Exception {
    List<Item> whole = read(request(shuffle, 1, 3, 0, 0));
    long steps =
        EpochPlan.of(SEED, 0, VIRTUAL_WORKERS, new int[] {EXAMPLES}, Shuffle.NONE).steps(BATCH);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      for (long step = 0; step <= steps; step++) {
        List<Item> tail = read(request(shuffle, 1, 3, epoch, step));
        int skipped = (int) (epoch * steps + step) * 2;
        assertEquals(byPlace(whole.subList(skipped, whole.size())), byPlace(tail));
        assertEquals(whole.size() - skipped, tail.size());
      }
    }
  }

  @Test
  void aSplitReadsEachExampleOnOneSideOnly() throws Exception {
    Holdout holdout = Holdout.of(SEED, 0.2, dataset.manifest().blockSizes());
    TreeSet<Integer> seen = new TreeSet<>();
    Map<Split, Integer> counts = new HashMap<>();
    for (Split split : List.of(Split.TRAINING, Split.VALIDATION)) {
      StreamRequest request =
          new StreamRequest(
              dataset,
              Examples.of(holdout, split),
              new Order(SEED, Shuffle.within(8)),
              Workers.all(VIRTUAL_WORKERS),
              BATCH,
              EpochRange.only(0),
              Reading.ahead(2));
      for (Item item : read(request)) {
        counts.merge(split, item.batch().examples(), Integer::sum);
        seen.addAll(numbers(item.batch()));
      }
    }
    assertEquals(Map.of(Split.TRAINING, EXAMPLES - 31, Split.VALIDATION, 31), counts);
    assertEquals(EXAMPLES, seen.size());
  }

  @Test
  void moreVirtualWorkersThanExamplesYieldsEmptyMicroBatches() throws Exception {
    ShardedDataset small = SampleData.write(folder.resolve("small").toString(), CONF, 3, 10, 2);
    Holdout holdout = Holdout.of(SEED, 0, small.manifest().blockSizes());
    List<Item> items =
        read(
            new StreamRequest(
                small,
                Examples.of(holdout, Split.TRAINING),
                new Order(SEED, Shuffle.within(8)),
                Workers.all(5),
                4,
                EpochRange.only(0),
                Reading.ahead(1)));
    assertEquals(
        List.of(1, 1, 1, 0, 0), items.stream().map(item -> item.batch().examples()).toList());
  }

  @Test
  void startingAfterTheEndOfAnEpochIsRefused() {
    IOException refused = assertThrows(IOException.class, () -> read(request(4, 0, 1, 0, 8)));
    assertEquals("startStep=8 > 7 steps of an epoch", refused.getMessage());
  }

  @Test
  void neverHoldsMoreMicroBatchesReadyThanAsked() throws Exception {
    try (MicroBatchStream stream =
        new MicroBatchStream(request(16, 0, VIRTUAL_WORKERS, 0, 0), CONF)) {
      Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> stream.readyItems() == 3);
      Thread reader = stream.readingThread();
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> reader.getState() == Thread.State.WAITING);
      assertEquals(3, stream.readyItems());
    }
  }

  @Test
  void closingStopsTheThreadAndWhoeverWaits() throws Exception {
    MicroBatchStream stream = new MicroBatchStream(request(16, 0, VIRTUAL_WORKERS, 0, 0), CONF);
    stream.next();
    stream.close();
    assertTrue(!stream.readingThread().isAlive());
    IllegalStateException refused = assertThrows(IllegalStateException.class, stream::next);
    assertEquals("the stream of " + dataset.location() + " is closed", refused.getMessage());
  }

  @Test
  void aDamagedBlockSurfacesInNextNamingFileAndBlock() throws Exception {
    ShardedDataset damaged =
        SampleData.write(folder.resolve("damaged").toString(), CONF, 40, 40, 10);
    Path file =
        Path.of(URI.create(damaged.location())).resolve(damaged.manifest().shards().get(0).file());
    byte[] bytes = Files.readAllBytes(file);
    long at = damaged.manifest().shards().get(0).blocks().get(2).offset() + 300;
    bytes[(int) at] ^= 4;
    Files.write(file, bytes);
    Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
    Holdout holdout = Holdout.of(SEED, 0, damaged.manifest().blockSizes());
    IOException failure =
        assertThrows(
            IOException.class,
            () ->
                read(
                    new StreamRequest(
                        damaged,
                        Examples.of(holdout, Split.TRAINING),
                        new Order(SEED, Shuffle.NONE),
                        Workers.all(1),
                        10,
                        EpochRange.only(0),
                        Reading.ahead(1))));
    assertTrue(
        failure.getMessage().contains("shard-00000.arrow, block 2 (bytes"), failure.getMessage());
    assertTrue(failure.getMessage().contains("is damaged: its CRC32C is"), failure.getMessage());
  }
}
