package dev.lockstep.sharding.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorStatistics;
import dev.lockstep.sharding.plan.Split;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The JSON form of a {@link DatasetManifest}: the file that makes a folder of data shards a
 * dataset. Blocks are stored by column, since there may be many. Used on the driver.
 */
public final class ManifestFile {

  /** Its name in a dataset's folder. */
  public static final String NAME = "manifest.json";

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private ManifestFile() {}

  /**
   * Writes a manifest, in place of an existing one: complete at once, so that whoever opens the
   * dataset at any moment, also after a kill, finds the old one or the new.
   */
  public static void write(FileSystem files, Path location, DatasetManifest manifest)
      throws IOException {
    write(files, location, manifest, IfExists.REPLACE);
  }

  /**
   * The same, or only where there is none.
   *
   * @throws java.nio.file.FileAlreadyExistsException when there is one that is not to be replaced
   */
  static void write(FileSystem files, Path location, DatasetManifest manifest, IfExists ifExists)
      throws IOException {
    AtomicFile.put(
        files, new Path(location, NAME), JSON.writeValueAsBytes(toJson(manifest)), ifExists);
  }

  /**
   * Reads a manifest.
   *
   * @throws IOException saying which file and what is wrong with it
   */
  public static DatasetManifest read(FileSystem files, Path location) throws IOException {
    Path file = new Path(location, NAME);
    JsonNode json;
    try (InputStream in = files.open(file)) {
      json = JSON.readTree(in);
    } catch (JsonProcessingException e) {
      throw new IOException(
          "manifest %s is not JSON: %s".formatted(file, e.getOriginalMessage()), e);
    }
    int version = json.path("formatVersion").asInt(0);
    if (version > DatasetManifest.FORMAT_VERSION) {
      throw new IOException(
          "manifest %s has formatVersion=%d > %d, the newest this Lockstep reads: use a newer Lockstep, or shard the data again"
              .formatted(file, version, DatasetManifest.FORMAT_VERSION));
    }
    DatasetManifest manifest;
    try {
      manifest = fromJson(json);
    } catch (IllegalArgumentException e) {
      throw new IOException("manifest %s: %s".formatted(file, e.getMessage()), e);
    }
    String stored = json.path("fingerprint").asText();
    if (!stored.equals(manifest.fingerprint())) {
      throw new IOException(
          "manifest %s: its content has fingerprint %s, but it says %s: it was changed after it was written"
              .formatted(file, manifest.fingerprint(), stored));
    }
    return manifest;
  }

  static ObjectNode toJson(DatasetManifest manifest) {
    ObjectNode json = JSON.createObjectNode();
    json.put("formatVersion", manifest.formatVersion());
    json.put("name", manifest.name());
    json.put("examples", manifest.examples());
    json.put("fingerprint", manifest.fingerprint());
    ArrayNode tensors = json.putArray("tensors");
    for (TensorSpec tensor : manifest.tensors()) {
      ObjectNode node = tensors.addObject();
      node.put("name", tensor.name());
      node.put("role", tensor.role().name());
      node.put("encoding", tensor.encoding().name());
      ArrayNode shape = node.putArray("shape");
      tensor.shape().forEach(shape::add);
    }
    ObjectNode classes = json.putObject("classes");
    manifest
        .classes()
        .forEach(
            (tensor, names) -> {
              ArrayNode array = classes.putArray(tensor);
              names.forEach(array::add);
            });
    ObjectNode provenance = json.putObject("provenance");
    manifest.provenance().forEach(provenance::put);
    ArrayNode statistics = json.putArray("statistics");
    for (TensorStatistics each : manifest.statistics()) {
      ObjectNode node = statistics.addObject();
      node.put("tensor", each.tensor());
      node.put("split", each.split().name());
      node.put("examples", each.examples());
      if (each.classCounts().isEmpty()) {
        node.put("min", each.min());
        node.put("max", each.max());
        node.put("mean", each.mean());
        node.put("deviation", each.deviation());
      } else {
        ArrayNode counts = node.putArray("classCounts");
        each.classCounts().forEach(counts::add);
      }
    }
    if (manifest.fittedTransform() != null) {
      json.set("fittedTransform", FittedTransformJson.of(manifest.fittedTransform()));
    }
    ArrayNode shards = json.putArray("shards");
    for (DataShard shard : manifest.shards()) {
      ObjectNode node = shards.addObject();
      node.put("file", shard.file());
      node.put("bytes", shard.bytes());
      node.put("crc32c", Checksum.hex(shard.crc32c()));
      node.put("split", shard.split().name());
      ObjectNode blocks = node.putObject("blocks");
      ArrayNode examples = blocks.putArray("examples");
      ArrayNode offsets = blocks.putArray("offset");
      ArrayNode lengths = blocks.putArray("length");
      ArrayNode crcs = blocks.putArray("crc32c");
      for (DataBlock block : shard.blocks()) {
        examples.add(block.examples());
        offsets.add(block.offset());
        lengths.add(block.length());
        crcs.add(Checksum.hex(block.crc32c()));
      }
    }
    return json;
  }

  static DatasetManifest fromJson(JsonNode json) {
    List<TensorSpec> tensors = new ArrayList<>();
    for (JsonNode node : array(json, "tensors")) {
      List<Integer> shape = new ArrayList<>();
      array(node, "shape").forEach(d -> shape.add(d.asInt()));
      tensors.add(
          new TensorSpec(
              text(node, "name"),
              TensorSpec.Role.valueOf(text(node, "role")),
              TensorSpec.Encoding.valueOf(text(node, "encoding")),
              shape));
    }
    Map<String, List<String>> classes = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : json.path("classes").properties()) {
      List<String> names = new ArrayList<>();
      entry.getValue().forEach(n -> names.add(n.asText()));
      classes.put(entry.getKey(), names);
    }
    Map<String, String> provenance = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : json.path("provenance").properties()) {
      provenance.put(entry.getKey(), entry.getValue().asText());
    }
    List<DataShard> shards = new ArrayList<>();
    for (JsonNode node : array(json, "shards")) {
      shards.add(
          new DataShard(
              text(node, "file"),
              number(node, "bytes"),
              Checksum.parse(text(node, "crc32c")),
              blocks(node),
              Split.valueOf(node.path("split").asText(Split.TRAINING.name()))));
    }
    List<TensorStatistics> statistics = new ArrayList<>();
    for (JsonNode node : json.path("statistics")) {
      List<Long> counts = new ArrayList<>();
      node.path("classCounts").forEach(n -> counts.add(n.asLong()));
      statistics.add(
          new TensorStatistics(
              text(node, "tensor"),
              Split.valueOf(text(node, "split")),
              number(node, "examples"),
              node.path("min").asDouble(),
              node.path("max").asDouble(),
              node.path("mean").asDouble(),
              node.path("deviation").asDouble(),
              counts));
    }
    return new DatasetManifest(
        Math.toIntExact(number(json, "formatVersion")),
        text(json, "name"),
        tensors,
        classes,
        shards,
        provenance,
        statistics,
        FittedTransformJson.parse(json.path("fittedTransform")));
  }

  private static List<DataBlock> blocks(JsonNode shard) {
    JsonNode columns = shard.path("blocks");
    JsonNode examples = array(columns, "examples");
    JsonNode offsets = array(columns, "offset");
    JsonNode lengths = array(columns, "length");
    JsonNode crcs = array(columns, "crc32c");
    int n = examples.size();
    if (offsets.size() != n || lengths.size() != n || crcs.size() != n) {
      throw new IllegalArgumentException(
          "data shard %s: the columns of its blocks differ in length"
              .formatted(text(shard, "file")));
    }
    List<DataBlock> blocks = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      blocks.add(
          new DataBlock(
              examples.get(i).asInt(),
              offsets.get(i).asLong(),
              lengths.get(i).asInt(),
              Checksum.parse(crcs.get(i).asText())));
    }
    return blocks;
  }

  private static JsonNode array(JsonNode node, String field) {
    JsonNode value = node.path(field);
    if (!value.isArray()) {
      throw new IllegalArgumentException("field %s is missing or no array".formatted(field));
    }
    return value;
  }

  private static String text(JsonNode node, String field) {
    JsonNode value = node.path(field);
    if (!value.isTextual()) {
      throw new IllegalArgumentException("field %s is missing or no text".formatted(field));
    }
    return value.asText();
  }

  private static long number(JsonNode node, String field) {
    JsonNode value = node.path(field);
    if (!value.isIntegralNumber()) {
      throw new IllegalArgumentException("field %s is missing or no integer".formatted(field));
    }
    return value.asLong();
  }
}
