package dev.lockstep.sharding.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.deser.std.StdDelegatingDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.StdDelegatingSerializer;
import com.fasterxml.jackson.databind.util.StdConverter;
import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The JSON form of a {@link DatasetManifest}: the file that makes a folder of data shards a
 * dataset. Its fields are the record's, after the version of the format and the fingerprint of the
 * content. Used on the driver.
 */
public final class ManifestFile {

  /** Its name in a dataset's folder. */
  public static final String NAME = "manifest.json";

  /** Version of the manifest that is written, and the only one that is read. */
  static final int FORMAT_VERSION = 2;

  private static final String VERSION = "formatVersion";
  private static final String FINGERPRINT = "fingerprint";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .disable(MapperFeature.AUTO_DETECT_IS_GETTERS)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .addModule(
              new SimpleModule()
                  .addSerializer(
                      DataShard.class,
                      new StdDelegatingSerializer(DataShard.class, new ToColumns()))
                  .addDeserializer(
                      DataShard.class, new StdDelegatingDeserializer<>(new FromColumns()))
                  .addSerializer(
                      DataRecipe.class,
                      new StdDelegatingSerializer(DataRecipe.class, new FromRecipe()))
                  .addDeserializer(
                      DataRecipe.class, new StdDelegatingDeserializer<>(new ToRecipe())))
          .build();

  private ManifestFile() {}

  /**
   * Writes a manifest and replaces an existing one atomically: a reader finds the old or the new
   * one, also after a kill.
   */
  public static void write(FileSystem files, Path location, DatasetManifest manifest)
      throws IOException {
    write(files, location, manifest, IfExists.REPLACE);
  }

  /**
   * Writes a manifest atomically.
   *
   * @throws java.nio.file.FileAlreadyExistsException when there is one that is not to be replaced
   */
  static void write(FileSystem files, Path location, DatasetManifest manifest, IfExists ifExists)
      throws IOException {
    ObjectNode json = JSON.createObjectNode();
    json.put(VERSION, FORMAT_VERSION);
    json.put(FINGERPRINT, manifest.fingerprint());
    json.setAll((ObjectNode) JSON.valueToTree(manifest));
    AtomicFile.put(files, new Path(location, NAME), JSON.writeValueAsBytes(json), ifExists);
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
    requireVersion(file, json.path(VERSION));
    String stored = json.path(FINGERPRINT).asText();
    DatasetManifest manifest;
    try {
      ObjectNode fields = (ObjectNode) json;
      fields.remove(VERSION);
      fields.remove(FINGERPRINT);
      manifest = JSON.treeToValue(fields, DatasetManifest.class);
    } catch (JsonProcessingException e) {
      String problem =
          e.getCause() instanceof IllegalArgumentException refused
              ? refused.getMessage()
              : e.getOriginalMessage().split("[;\n]", 2)[0];
      throw new IOException("manifest %s: %s".formatted(file, problem), e);
    }
    if (!stored.equals(manifest.fingerprint())) {
      throw new IOException(
          "manifest %s: its content has fingerprint %s, but it says %s: it was changed after it was written; restore it or shard the data again"
              .formatted(file, manifest.fingerprint(), stored));
    }
    return manifest;
  }

  private static void requireVersion(Path file, JsonNode version) throws IOException {
    if (!version.isInt()) {
      throw new IOException(
          "manifest %s has no %s: it is not the manifest of a dataset; shard the data again"
              .formatted(file, VERSION));
    }
    if (version.intValue() < FORMAT_VERSION) {
      throw new IOException(
          "manifest %s has %s=%d < %d, the oldest that this Lockstep reads: shard the data again"
              .formatted(file, VERSION, version.intValue(), FORMAT_VERSION));
    }
    if (version.intValue() > FORMAT_VERSION) {
      throw new IOException(
          "manifest %s has %s=%d > %d, the newest that this Lockstep reads: use a newer Lockstep, or shard the data again"
              .formatted(file, VERSION, version.intValue(), FORMAT_VERSION));
    }
  }

  private static final class FromRecipe extends StdConverter<DataRecipe, JsonNode> {
    @Override
    public JsonNode convert(DataRecipe recipe) {
      return DataRecipeJson.of(recipe);
    }
  }

  private static final class ToRecipe extends StdConverter<JsonNode, DataRecipe> {
    @Override
    public DataRecipe convert(JsonNode json) {
      return DataRecipeJson.parse(json);
    }
  }

  private static final class ToColumns extends StdConverter<DataShard, ShardColumns> {
    @Override
    public ShardColumns convert(DataShard shard) {
      return ShardColumns.of(shard);
    }
  }

  private static final class FromColumns extends StdConverter<ShardColumns, DataShard> {
    @Override
    public DataShard convert(ShardColumns columns) {
      return columns.shard();
    }
  }
}
