package dev.lockstep.sharding.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.augment.Augmentation;
import dev.lockstep.sharding.augment.RandomFlip;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.RandomSource;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AugmentedStreamTest {

  private static final Configuration CONF = new Configuration();
  private static final int EXAMPLES = 157;
  private static final int EPOCHS = 3;

  @TempDir private static Path folder;
  private static ShardedDataset dataset;

  /** A caller's own: leaves the example's number and puts a random one behind it. */
  private record Tag() implements Augmentation {
    @Override
    public void requireFit(TensorSpec features) {}

    @Override
    public void apply(float[] values, int offset, TensorSpec features, RandomSource random) {
      values[offset + 1] = random.below(1 << 20);
    }
  }

  @BeforeAll
  static void writeDataset() throws IOException {
    dataset = SampleData.write(folder.resolve("data").toString(), CONF, EXAMPLES, 60, 13);
  }

  private static StreamRequest request(
      Examples examples, Shuffle shuffle, int virtualWorkers, int from) {
    return new StreamRequest(
        dataset,
        examples,
        new Order(7, shuffle),
        new Workers(virtualWorkers, from, from + 1),
        6,
        new EpochRange(0, 0, EPOCHS),
        new Reading(1, 1, 5_000));
  }

  /** The second value of each example in each epoch, by its number. */
  private static List<Map<Integer, Float>> tags(
      Holdout holdout, int virtualWorkers, Shuffle shuffle, List<Augmentation> augmentation)
      throws IOException {
    List<Map<Integer, Float>> tags = new ArrayList<>();
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      tags.add(new TreeMap<>());
    }
    for (int v = 0; v < virtualWorkers; v++) {
      StreamRequest request =
          request(new Examples(holdout, Split.TRAINING, augmentation), shuffle, virtualWorkers, v);
      try (BlockReader blocks = new BlockReader(dataset, CONF)) {
        BatchAssembler batches = new BatchAssembler(request, blocks);
        for (Item item = batches.next(); item != null; item = batches.next()) {
          float[] features = item.batch().values().get(0);
          for (int row = 0; row < item.batch().examples(); row++) {
            tags.get(item.epoch()).put((int) features[3 * row], features[3 * row + 1]);
          }
        }
      }
    }
    return tags;
  }

  @Test
  void anExampleIsChangedAlikeWhateverTheOrderAndWhoeverReadsIt() throws IOException {
    Holdout holdout = Holdout.of(1, 0.2, dataset.manifest().blockSizes());
    List<Augmentation> tag = List.of(new Tag());
    List<Map<Integer, Float>> expected = tags(holdout, 1, Shuffle.NONE, tag);
    assertEquals(expected, tags(holdout, 1, Shuffle.within(20), tag));
    assertEquals(expected, tags(holdout, 3, Shuffle.within(20), tag));
    assertEquals(expected, tags(holdout, 4, Shuffle.FULL, tag));
    assertEquals(EXAMPLES - 31, expected.get(0).size());
  }

  @Test
  void everyExampleIsChangedAnewInEveryEpoch() throws IOException {
    Holdout all = Holdout.of(1, 0, dataset.manifest().blockSizes());
    List<Map<Integer, Float>> tags = tags(all, 2, Shuffle.FULL, List.of(new Tag()));
    long different = tags.stream().flatMap(epoch -> epoch.values().stream()).distinct().count();
    // Of a million numbers, hardly one comes up twice.
    assertTrue(different >= EPOCHS * EXAMPLES - 2, different + " numbers");
  }

  @Test
  void whatIsStoredStaysAsItIs() throws IOException {
    Holdout all = Holdout.of(1, 0, dataset.manifest().blockSizes());
    tags(all, 2, Shuffle.within(20), List.of(new Tag()));
    for (Map<Integer, Float> epoch : tags(all, 2, Shuffle.within(20), List.of())) {
      epoch.forEach((number, second) -> assertEquals(2f * number, second));
    }
  }

  @Test
  void severalAreAppliedInTheirOrder() throws IOException {
    Holdout all = Holdout.of(1, 0, dataset.manifest().blockSizes());
    Tag tag = new Tag();
    List<Map<Integer, Float>> once = tags(all, 1, Shuffle.NONE, List.of(tag));
    List<Map<Integer, Float>> twice = tags(all, 1, Shuffle.NONE, List.of(tag, tag));
    // The second one has numbers of its own.
    long same = once.get(0).values().stream().filter(twice.get(0)::containsValue).count();
    assertTrue(same <= 1, same + " numbers are the same");
    assertEquals(EXAMPLES, twice.get(0).size());
  }

  @Test
  void onlyTheTrainingPartMayBeChangedAndOnlyByWhatFits() {
    Holdout holdout = Holdout.of(1, 0.2, dataset.manifest().blockSizes());
    assertEquals(
        "augmentation=[Tag[]] of split=VALIDATION: only examples that are trained on may be"
            + " changed",
        assertThrows(
                IllegalArgumentException.class,
                () -> new Examples(holdout, Split.VALIDATION, List.of(new Tag())))
            .getMessage());
    assertEquals(
        "augmentation=flip with tensor features of shape=[3]: only images, of shape [channels,"
            + " height, width], can be changed so; leave it out",
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    request(
                        new Examples(holdout, Split.TRAINING, List.of(new RandomFlip())),
                        Shuffle.NONE,
                        1,
                        0))
            .getMessage());
  }
}
