package dev.lockstep.sharding.read;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.MicroBatchStream.Item;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import dev.lockstep.sharding.store.BlockReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever the sizes, the shuffle and the split, and whoever goes on after a stop. */
class ResumedStreamTest {

  private static final Configuration CONF = new Configuration();
  private static final int EPOCHS = 2;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"1,1,1,1", "23,7,6,1", "157,13,4,6", "157,60,3,10", "211,1,5,4", "97,97,7,3"})
  void eachExampleOnceAnEpochAndTheSameOrderWhereverItStopsAndWhoeverGoesOn(
      int examples, int block, int virtualWorkers, int batch) throws IOException {
    ShardedDataset dataset =
        SampleData.write(folder.resolve("data").toString(), CONF, examples, 3 * block, block);
    int[] sizes = dataset.manifest().blockSizes();
    Random random = new Random(examples);
    for (Holdout holdout : splits(sizes)) {
      for (Split split : Split.values()) {
        for (Shuffle shuffle : List.of(Shuffle.NONE, Shuffle.within(8), Shuffle.FULL)) {
          StreamRequest request =
              new StreamRequest(
                  dataset,
                  Examples.of(holdout, split),
                  new Order(random.nextLong(), shuffle),
                  Workers.all(virtualWorkers),
                  batch,
                  new EpochRange(0, 0, EPOCHS),
                  reading(1, random));
          Map<String, float[]> whole = read(request);
          usesEachOnce(whole, holdout.examples(split));
          int steps = whole.size() / virtualWorkers / EPOCHS;
          assertEquals((long) steps * virtualWorkers * EPOCHS, whole.size());
          for (int stop = 0; stop < 3 && steps > 0; stop++) {
            int epoch = random.nextInt(EPOCHS);
            int step = random.nextInt(steps + 1);
            Map<String, float[]> tail = new HashMap<>();
            for (int v = 0; v < virtualWorkers; ) {
              int to = v + 1 + random.nextInt(virtualWorkers - v);
              tail.putAll(
                  read(
                      new StreamRequest(
                          dataset,
                          request.examples(),
                          request.order(),
                          new Workers(virtualWorkers, v, to),
                          batch,
                          new EpochRange(epoch, step, EPOCHS),
                          reading(1 + random.nextInt(3), random))));
              v = to;
            }
            assertEquals((steps * (EPOCHS - epoch) - step) * virtualWorkers, tail.size());
            tail.forEach((place, found) -> assertArrayEquals(whole.get(place), found, place));
          }
        }
      }
    }
  }

  private static List<Holdout> splits(int[] sizes) {
    List<Split> turns = List.of(Split.TRAINING, Split.VALIDATION, Split.TEST);
    Split[] stored = new Split[sizes.length];
    Arrays.setAll(stored, b -> turns.get(b % turns.size()));
    double fraction = Arrays.stream(sizes).sum() > 5 ? 0.2 : 0;
    return List.of(
        Holdout.of(1, 0, sizes), Holdout.of(1, fraction, sizes), Holdout.stored(stored, sizes));
  }

  /** Full shuffles are gathered in pieces of one step up to all. */
  private static Reading reading(int consecutive, Random random) {
    return new Reading(1, consecutive, random.nextInt(20_000));
  }

  /** The features of each micro-batch, by epoch, step and virtual worker. */
  private static Map<String, float[]> read(StreamRequest request) throws IOException {
    Map<String, float[]> found = new HashMap<>();
    try (BlockReader blocks = new BlockReader(request.dataset(), CONF)) {
      BatchAssembler batches = new BatchAssembler(request, blocks);
      for (Item item = batches.next(); item != null; item = batches.next()) {
        String place = item.epoch() + "/" + item.stepInEpoch() + "/" + item.v();
        assertTrue(found.put(place, item.batch().values().get(0)) == null, place);
        batches.readOneBlockAhead();
      }
    }
    return found;
  }

  private static void usesEachOnce(Map<String, float[]> batches, long examples) {
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      String prefix = epoch + "/";
      BitSet seen = new BitSet();
      int[] used = {0};
      batches.forEach(
          (place, features) -> {
            if (place.startsWith(prefix)) {
              IntStream.range(0, features.length / 3).forEach(i -> seen.set((int) features[3 * i]));
              used[0] += features.length / 3;
            }
          });
      assertEquals(examples, used[0]);
      assertEquals(examples, seen.cardinality());
    }
  }
}
