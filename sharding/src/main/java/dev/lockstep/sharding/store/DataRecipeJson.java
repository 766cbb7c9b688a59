package dev.lockstep.sharding.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.TableRecipe;

/**
 * The JSON form of a {@link DataRecipe}, in the manifest of a dataset and in the record of a run,
 * and of the {@link TableRecipe} that a user writes. Fields have the names of the records'
 * components.
 */
public final class DataRecipeJson {

  /** Version of the recipe that is written, and the only one that is read. */
  static final int FORMAT_VERSION = 1;

  private static final String VERSION = "formatVersion";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .disable(MapperFeature.AUTO_DETECT_IS_GETTERS)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .build();

  private DataRecipeJson() {}

  /** As JSON, with the version of the format. */
  public static ObjectNode of(DataRecipe recipe) {
    ObjectNode json = JSON.createObjectNode().put(VERSION, FORMAT_VERSION);
    return json.setAll((ObjectNode) JSON.valueToTree(recipe));
  }

  /**
   * From JSON.
   *
   * @throws IllegalArgumentException saying what is wrong with it, or which version it has that
   *     cannot be read
   */
  public static DataRecipe parse(JsonNode json) {
    JsonNode version = json.path(VERSION);
    if (!version.isInt() || version.intValue() != FORMAT_VERSION) {
      throw new IllegalArgumentException(
          "recipe of %s=%s != %d, the version that this Lockstep reads: shard the data again"
              .formatted(VERSION, version.isMissingNode() ? "none" : version, FORMAT_VERSION));
    }
    ObjectNode fields = json.deepCopy();
    fields.remove(VERSION);
    try {
      return JSON.treeToValue(fields, DataRecipe.class);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the recipe is not valid: " + problem(e), e);
    }
  }

  /**
   * Reads the columns of a table as a user declares them.
   *
   * @throws IllegalArgumentException saying what is wrong
   */
  public static TableRecipe parseColumns(String json) {
    try {
      return JSON.readValue(json, TableRecipe.class);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the recipe is not valid: " + problem(e), e);
    }
  }

  private static String problem(JsonProcessingException e) {
    return e.getCause() instanceof IllegalArgumentException refused
        ? refused.getMessage()
        : e.getOriginalMessage();
  }
}
