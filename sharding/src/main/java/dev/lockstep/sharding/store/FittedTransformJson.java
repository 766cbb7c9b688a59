package dev.lockstep.sharding.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.sharding.FittedTransform;

/** The JSON form of a {@link FittedTransform}: in manifests, and beside models. */
public final class FittedTransformJson {

  /** Questions about a record ({@code isClass}) are no fields of it. */
  private static final ObjectMapper JSON =
      JsonMapper.builder().disable(MapperFeature.AUTO_DETECT_IS_GETTERS).build();

  private FittedTransformJson() {}

  /** As JSON; null for null. */
  public static JsonNode of(FittedTransform fitted) {
    return JSON.valueToTree(fitted);
  }

  /**
   * From JSON; null where there is none.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  public static FittedTransform parse(JsonNode json) {
    if (json.isMissingNode() || json.isNull()) {
      return null;
    }
    try {
      return JSON.treeToValue(json, FittedTransform.class);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("field fittedTransform: " + e.getOriginalMessage(), e);
    }
  }
}
