package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.BeanSerializerModifier;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import dev.lockstep.ps.schedule.EarlyStopping;
import dev.lockstep.sharding.augment.Augmentation;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The JSON form of a configuration: one object a section, durations as {@code 90s}, sizes as {@code
 * 256MiB}, enumerations as options write them, and {@code version}.
 */
final class ConfigJson {

  /** Version of the format, which every file names. */
  static final int VERSION = 1;

  private static final String VERSION_KEY = "version";

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .addModule(texts())
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  /** Reads into the fields of generated builders. */
  private static final ObjectMapper INTO_BUILDERS =
      JSON.copy()
          .setVisibility(PropertyAccessor.FIELD, Visibility.ANY)
          .setVisibility(PropertyAccessor.SETTER, Visibility.NONE);

  private ConfigJson() {}

  static String write(TrainingConfig config) {
    ObjectNode tree = JSON.createObjectNode().put(VERSION_KEY, VERSION);
    tree.setAll((ObjectNode) JSON.valueToTree(config));
    return tree.toPrettyString();
  }

  private static JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("configuration is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** Sets what an object names in the builders of the sections. */
  static void read(String text, Map<String, Object> sections) {
    JsonNode tree = parse(text);
    if (!(tree instanceof ObjectNode)) {
      throw new IllegalArgumentException("configuration is not a JSON object: write {...}");
    }
    tree.fieldNames().forEachRemaining(key -> read(key, tree.get(key), sections));
    if (!tree.has(VERSION_KEY)) {
      throw new IllegalArgumentException(
          "configuration has no version: add \"version\": " + VERSION);
    }
  }

  private static void read(String key, JsonNode value, Map<String, Object> sections) {
    if (key.equals(VERSION_KEY)) {
      if (!value.isInt() || value.intValue() != VERSION) {
        throw new IllegalArgumentException(
            "configuration has version "
                + value
                + ", this program reads version "
                + VERSION
                + ": write the file again with train --print-config");
      }
      return;
    }
    Object section = sections.get(key);
    if (section == null) {
      throw new IllegalArgumentException(
          "configuration key " + key + " is unknown: " + ConfigKeys.remedy(key, sections.keySet()));
    }
    if (!(value instanceof ObjectNode)) {
      throw new IllegalArgumentException(
          "configuration key " + key + " is not an object: write \"" + key + "\": {...}");
    }
    List<String> keys =
        Arrays.stream(section.getClass().getDeclaredFields())
            .map(java.lang.reflect.Field::getName)
            .toList();
    value
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!keys.contains(name)) {
                throw new IllegalArgumentException(
                    "configuration key "
                        + key
                        + "."
                        + name
                        + " is unknown: "
                        + ConfigKeys.remedy(name, keys));
              }
            });
    try {
      INTO_BUILDERS.readerForUpdating(section).readValue(value);
    } catch (JsonMappingException e) {
      throw new IllegalArgumentException(
          "configuration key " + key + path(e) + ": " + reason(e), e);
    } catch (IOException e) {
      throw new IllegalArgumentException("configuration key " + key + ": " + e.getMessage(), e);
    }
  }

  private static String path(JsonMappingException e) {
    StringBuilder path = new StringBuilder();
    for (JsonMappingException.Reference each : e.getPath()) {
      path.append(
          each.getFieldName() == null ? "[" + each.getIndex() + "]" : "." + each.getFieldName());
    }
    return path.toString();
  }

  private static String reason(JsonMappingException e) {
    return e.getCause() instanceof IllegalArgumentException refused
        ? refused.getMessage()
        : e.getOriginalMessage();
  }

  private static SimpleModule texts() {
    SimpleModule module = new SimpleModule("texts");
    module.addSerializer(Augmentation.class, ToStringSerializer.instance);
    module.addDeserializer(Augmentation.class, parser(Augmentation.class, Augmentation::parse));
    module.addSerializer(EarlyStopping.class, ToStringSerializer.instance);
    module.addDeserializer(EarlyStopping.class, parser(EarlyStopping.class, EarlyStopping::parse));
    module.addSerializer(Duration.class, writer(Duration.class, DurationText::of));
    module.addDeserializer(Duration.class, parser(Duration.class, DurationText::parse));
    module.setSerializerModifier(
        new BeanSerializerModifier() {
          @Override
          public JsonSerializer<?> modifyEnumSerializer(
              SerializationConfig config,
              JavaType type,
              BeanDescription bean,
              JsonSerializer<?> own) {
            return writer(Enum.class, EnumText::of);
          }
        });
    module.setDeserializerModifier(
        new BeanDeserializerModifier() {
          @Override
          @SuppressWarnings({"unchecked", "rawtypes"})
          public JsonDeserializer<?> modifyEnumDeserializer(
              DeserializationConfig config,
              JavaType type,
              BeanDescription bean,
              JsonDeserializer<?> own) {
            Class name = type.getRawClass();
            return parser(name, text -> EnumText.parse(name, text));
          }
        });
    return module;
  }

  private static <T> JsonSerializer<T> writer(Class<T> type, Function<T, String> text) {
    return new StdSerializer<T>(type) {
      @Override
      public void serialize(T value, JsonGenerator json, SerializerProvider provider)
          throws IOException {
        json.writeString(text.apply(value));
      }
    };
  }

  private static <T> JsonDeserializer<T> parser(Class<T> type, Function<String, T> parse) {
    return new StdDeserializer<>(type) {
      @Override
      public T deserialize(JsonParser json, DeserializationContext context) throws IOException {
        String text = json.getValueAsString();
        if (text == null) {
          throw JsonMappingException.from(json, "is not a text");
        }
        try {
          return parse.apply(text);
        } catch (IllegalArgumentException e) {
          throw JsonMappingException.from(json, e.getMessage(), e);
        }
      }
    };
  }
}
