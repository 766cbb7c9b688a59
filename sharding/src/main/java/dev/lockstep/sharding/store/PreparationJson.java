package dev.lockstep.sharding.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.sharding.Preparation;

/** The JSON form of a {@link Preparation}: in manifests, and beside models. */
public final class PreparationJson {

  /** Questions about a record ({@code isClass}) are no fields of it. */
  private static final ObjectMapper JSON =
      JsonMapper.builder().disable(MapperFeature.AUTO_DETECT_IS_GETTERS).build();

  private PreparationJson() {}

  /** As JSON; null for null. */
  public static JsonNode of(Preparation preparation) {
    return JSON.valueToTree(preparation);
  }

  /**
   * From JSON; null where there is none.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  public static Preparation parse(JsonNode json) {
    if (json.isMissingNode() || json.isNull()) {
      return null;
    }
    try {
      return JSON.treeToValue(json, Preparation.class);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("field preparation: " + e.getOriginalMessage(), e);
    }
  }
}
