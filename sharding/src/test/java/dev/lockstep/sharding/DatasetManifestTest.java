package dev.lockstep.sharding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** The values of a dataset: what they refuse, and what identifies them. */
class DatasetManifestTest {

  private static final TensorSpec FEATURES =
      new TensorSpec("features", Role.FEATURES, Encoding.FLOAT32, List.of(2, 3));
  private static final TensorSpec LABELS =
      new TensorSpec("labels", Role.LABELS, Encoding.CLASS_INDEX, List.of(2));
  private static final DataShard ONE = shard("data/one.arrow", 7);
  private static final DataShard TWO = shard("data/two.arrow", 8);

  private static DataShard shard(String file, int crc32c) {
    return new DataShard(
        file, 100, 1, List.of(new DataBlock(4, 8, 40, crc32c), new DataBlock(3, 48, 30, 9)));
  }

  private static DatasetManifest manifest(List<TensorSpec> tensors, List<DataShard> shards) {
    return new DatasetManifest("sample", tensors, Map.of(), shards, Map.of());
  }

  private static void assertRefused(String message, Executable run) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, run).getMessage());
  }

  @Test
  void countsAndShapes() {
    DatasetManifest manifest = manifest(List.of(FEATURES, LABELS), List.of(ONE, TWO));
    assertEquals(14, manifest.examples());
    assertEquals(List.of(4, 3, 4, 3), Arrays.stream(manifest.blockSizes()).boxed().toList());
    assertEquals(8, manifest.elementsPerExample());
    assertEquals(6, FEATURES.storedValues());
    assertEquals(1, LABELS.storedValues());
    assertEquals(LABELS, manifest.only(Role.LABELS));
    assertRefused(
        "dataset sample has 0 tensors with role LABELS_MASK, not 1: [features, labels]",
        () -> manifest.only(Role.LABELS_MASK));
  }

  @Test
  void theFingerprintFollowsWhatDeterminesTraining() {
    List<TensorSpec> tensors = List.of(FEATURES, LABELS);
    String fingerprint = manifest(tensors, List.of(ONE, TWO)).fingerprint();
    assertEquals(
        fingerprint,
        new DatasetManifest(
                "other",
                tensors,
                Map.of("labels", List.of("no", "yes")),
                List.of(ONE.renamed("elsewhere"), TWO),
                Map.of("input", "elsewhere"))
            .fingerprint());
    assertNotEquals(fingerprint, manifest(tensors, List.of(TWO, ONE)).fingerprint());
    assertNotEquals(fingerprint, manifest(tensors, List.of(ONE)).fingerprint());
    assertNotEquals(
        fingerprint, manifest(List.of(LABELS, FEATURES), List.of(ONE, TWO)).fingerprint());
    assertEquals("546a46407dc97d9e1d5bde45aff4fb204eaeba81096b11b03a79675ce32c1d24", fingerprint);
  }

  @Test
  void survivesSerialization() throws Exception {
    ShardedDataset dataset =
        new ShardedDataset(
            "hdfs://host/data",
            new DatasetManifest(
                "sample",
                List.of(FEATURES, LABELS),
                Map.of("labels", List.of("no", "yes")),
                List.of(ONE, TWO),
                Map.of("input", "x")));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(dataset);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertEquals(dataset, in.readObject());
    }
  }

  @Test
  void shardSetsThatCannotBeAreRefused() {
    List<TensorSpec> tensors = List.of(FEATURES);
    List<DataShard> shards = List.of(ONE);
    assertRefused(
        "dataset name is blank",
        () -> new DatasetManifest(" ", tensors, Map.of(), shards, Map.of()));
    assertRefused("dataset sample has no tensors", () -> manifest(List.of(), shards));
    assertRefused(
        "dataset sample: two tensors are named features",
        () -> manifest(List.of(FEATURES, FEATURES), shards));
    assertRefused(
        "dataset sample is empty: it has no examples", () -> manifest(tensors, List.of()));
    assertRefused(
        "dataset sample: two data shards share the file data/one.arrow",
        () -> manifest(tensors, List.of(ONE, ONE)));
    assertRefused(
        "class names for the tensor labels, which does not exist",
        () ->
            new DatasetManifest(
                "sample", tensors, Map.of("labels", List.of("a")), shards, Map.of()));
    assertRefused(
        "tensor labels: 3 class names for encoding CLASS_INDEX of shape [2]",
        () ->
            new DatasetManifest(
                "sample",
                List.of(LABELS),
                Map.of("labels", List.of("a", "b", "c")),
                shards,
                Map.of()));
    assertRefused(
        "dataset location is blank", () -> new ShardedDataset("", manifest(tensors, shards)));
  }

  @Test
  void shardsAndBlocksThatCannotBeAreRefused() {
    DataBlock block = new DataBlock(1, 8, 10, 0);
    assertRefused(
        "data block examples=0 offset=8 length=10 must be >= 1, >= 0 and >= 1",
        () -> new DataBlock(0, 8, 10, 0));
    assertRefused(
        "data shard without a file name", () -> new DataShard(" ", 20, 0, List.of(block)));
    for (String outside : List.of("/etc/passwd", "../up", "a/../../up", "hdfs:x")) {
      assertRefused(
          "data shard file=" + outside + " must be a path below the dataset's location",
          () -> new DataShard(outside, 20, 0, List.of(block)));
    }
    assertRefused("data shard x has no blocks", () -> new DataShard("x", 20, 0, List.of()));
    assertRefused(
        "data shard x: block 1 offset=8 < end=18 of the block before",
        () -> new DataShard("x", 40, 0, List.of(block, block)));
    assertRefused(
        "data shard x: blocks end at byte 18 > bytes=17",
        () -> new DataShard("x", 17, 0, List.of(block)));
  }

  @Test
  void tensorsAndMicroBatchesThatCannotBeAreRefused() {
    assertRefused(
        "tensor name is blank: give each tensor a name",
        () -> new TensorSpec(" ", Role.FEATURES, Encoding.FLOAT32, List.of(1)));
    assertRefused(
        "tensor x: shape=[0] must have at least one dimension, each >= 1",
        () -> new TensorSpec("x", Role.FEATURES, Encoding.FLOAT32, List.of(0)));
    assertRefused(
        "tensor x: shape=[2, 2] of a class index must be [classes]",
        () -> new TensorSpec("x", Role.LABELS, Encoding.CLASS_INDEX, List.of(2, 2)));
    assertRefused(
        "values=0 != tensors=1: one array per tensor",
        () -> new MicroBatch(1, List.of(FEATURES), List.of()));
    assertRefused(
        "tensor features: length=5 != examples*elements=6",
        () -> new MicroBatch(1, List.of(FEATURES), List.of(new float[5])));
  }
}
