package dev.lockstep.sharding;

import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Split;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a dataset consists of: the content of its manifest. Built on the driver, crosses to
 * executors.
 *
 * @param name of the dataset, for people
 * @param tensors what every example has, at least one tensor, names distinct
 * @param classes for tensors of {@link TensorSpec.Encoding#CLASS_INDEX}: tensor name to the names
 *     of its classes, by index. Optional for each tensor
 * @param shards the files in reading order, at least one
 * @param provenance where the data came from, for people; free keys
 * @param statistics of the values as they are stored, by split and tensor, for people; may be empty
 * @param recipe how raw data became the tensors
 */
public record DatasetManifest(
    String name,
    List<TensorSpec> tensors,
    Map<String, List<String>> classes,
    List<DataShard> shards,
    Map<String, String> provenance,
    List<TensorStatistics> statistics,
    DataRecipe recipe)
    implements Serializable {

  /** A dataset without statistics and recipe. */
  public DatasetManifest(
      String name,
      List<TensorSpec> tensors,
      Map<String, List<String>> classes,
      List<DataShard> shards,
      Map<String, String> provenance) {
    this(name, tensors, classes, shards, provenance, List.of(), DataRecipe.NONE);
  }

  /** Checks the fields against each other. */
  public DatasetManifest {
    tensors = List.copyOf(tensors);
    shards = List.copyOf(shards);
    statistics = List.copyOf(statistics);
    provenance = Collections.unmodifiableMap(new TreeMap<>(provenance));
    if (name == null || name.isBlank()) {
      throw new IllegalArgumentException("dataset name is blank");
    }
    if (tensors.isEmpty()) {
      throw new IllegalArgumentException("dataset " + name + " has no tensors");
    }
    Set<String> names = new HashSet<>();
    for (TensorSpec tensor : tensors) {
      if (!names.add(tensor.name())) {
        throw new IllegalArgumentException(
            "dataset %s: two tensors are named %s".formatted(name, tensor.name()));
      }
    }
    if (recipe.fitted() != null && !recipe.fitted().specs().equals(tensors)) {
      throw new IllegalArgumentException(
          "dataset %s: tensors=%s are not those of its recipe, %s"
              .formatted(name, tensors, recipe.fitted().specs()));
    }
    if (shards.isEmpty()) {
      throw new IllegalArgumentException("dataset " + name + " is empty: it has no examples");
    }
    Set<String> files = new HashSet<>();
    for (DataShard shard : shards) {
      if (!files.add(shard.file())) {
        throw new IllegalArgumentException(
            "dataset %s: two data shards share the file %s".formatted(name, shard.file()));
      }
    }
    Map<String, List<String>> copies = new LinkedHashMap<>();
    classes.forEach((tensor, labels) -> copies.put(tensor, List.copyOf(labels)));
    classes = Collections.unmodifiableMap(copies);
    for (Map.Entry<String, List<String>> entry : classes.entrySet()) {
      TensorSpec tensor =
          tensors.stream()
              .filter(t -> t.name().equals(entry.getKey()))
              .findFirst()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "class names for the tensor %s, which does not exist"
                              .formatted(entry.getKey())));
      if (tensor.encoding() != TensorSpec.Encoding.CLASS_INDEX
          || tensor.elements() != entry.getValue().size()) {
        throw new IllegalArgumentException(
            "tensor %s: %d class names for encoding %s of shape %s"
                .formatted(
                    tensor.name(), entry.getValue().size(), tensor.encoding(), tensor.shape()));
      }
    }
  }

  /** Number of examples. */
  public long examples() {
    return shards.stream().mapToLong(DataShard::examples).sum();
  }

  /** Examples of each block, over all shards in order. */
  public int[] blockSizes() {
    return shards.stream()
        .flatMap(shard -> shard.blocks().stream())
        .mapToInt(DataBlock::examples)
        .toArray();
  }

  /** Whether the examples were assigned to splits when the dataset was written. */
  public boolean hasStoredSplit() {
    return shards.stream().anyMatch(shard -> shard.split() != Split.TRAINING);
  }

  /**
   * Which examples a training learns from: the stored split where there is one.
   *
   * @param seed of the choice, where none is stored
   * @param validationFraction to hold out, where no split is stored; else 0
   * @throws IllegalArgumentException if a fraction is asked for beside a stored split, or leaves
   *     nothing on one side
   */
  public Holdout holdout(long seed, double validationFraction) {
    if (!hasStoredSplit()) {
      return Holdout.of(seed, validationFraction, blockSizes());
    }
    if (validationFraction != 0) {
      throw new IllegalArgumentException(
          "validationFraction=%s, but dataset %s stores its own split: leave it out, or shard the data again without one"
              .formatted(validationFraction, name));
    }
    Split[] splits =
        shards.stream()
            .flatMap(shard -> shard.blocks().stream().map(block -> shard.split()))
            .toArray(Split[]::new);
    return Holdout.stored(splits, blockSizes());
  }

  /** float32 values of one example, once handed out, over all tensors. */
  public int elementsPerExample() {
    return tensors.stream().mapToInt(TensorSpec::elements).reduce(0, Math::addExact);
  }

  /** The only tensor of a role; an error naming the candidates when there is none or several. */
  public TensorSpec only(TensorSpec.Role role) {
    List<TensorSpec> found = tensors.stream().filter(t -> t.role() == role).toList();
    if (found.size() != 1) {
      throw new IllegalArgumentException(
          "dataset %s has %d tensors with role %s, not 1: %s"
              .formatted(
                  name, found.size(), role, tensors.stream().map(TensorSpec::name).toList()));
    }
    return found.get(0);
  }

  /**
   * SHA-256 (hex) over what determines training: the tensors, and the example count and CRC32C of
   * every block in order, with its split where it is not training. File names, shard boundaries,
   * the name, the provenance and the statistics do not count.
   */
  public String fingerprint() {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java has no SHA-256", e);
    }
    for (TensorSpec tensor : tensors) {
      String line =
          "%s\t%s\t%s\t%s\n"
              .formatted(tensor.name(), tensor.role(), tensor.encoding(), tensor.shape());
      digest.update(line.getBytes(StandardCharsets.UTF_8));
    }
    ByteBuffer block = ByteBuffer.allocate(2 * Integer.BYTES);
    for (DataShard shard : shards) {
      if (shard.split() != Split.TRAINING) {
        digest.update(shard.split().name().getBytes(StandardCharsets.UTF_8));
      }
      for (DataBlock each : shard.blocks()) {
        block.clear().putInt(each.examples()).putInt(each.crc32c());
        digest.update(block.array());
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
