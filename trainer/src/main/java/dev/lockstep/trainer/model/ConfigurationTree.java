package dev.lockstep.trainer.model;

import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;
import org.nd4j.shade.jackson.core.JsonParser;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.core.JsonToken;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * The text of a configuration of unknown origin, read so far that it is safe to give to DL4J.
 *
 * <p>DL4J's mapper takes classes by the names that the text brings, and initializes whatever class
 * is called so before it asks whether that is a layer. Here each is looked at without initializing
 * it: only implementations of DL4J's own extension points are let pass, the user's own among them.
 * A field that stands twice is refused, so that what is loaded is what was looked at; so are great
 * depths and long numbers. Lives on the driver.
 */
public final class ConfigurationTree {
  /** A network of a thousand layers has about two. */
  public static final int MAX_TEXT_BYTES = 16 << 20;

  private static final int MAX_DEPTH = 200;
  private static final int MAX_NUMBER_LENGTH = 64;

  private static final String TAG = "!";

  /** Fields in which DL4J names a class; in YAML it does so in tags. */
  private static final List<String> NAMES_OF_CLASSES = List.of("@class", "type");

  private static final Pattern CLASS_NAME =
      Pattern.compile("[\\p{Alpha}_$][\\p{Alnum}_$]*(\\.[\\p{Alpha}_$][\\p{Alnum}_$]*)*");

  private ConfigurationTree() {}

  static boolean isJson(String text) {
    return text.stripLeading().startsWith("{");
  }

  /**
   * Reads JSON or YAML.
   *
   * @param source where the text is from, for messages
   * @throws UnsupportedModelException if it is neither, or not safe to load
   */
  static JsonNode read(String text, String source) {
    String form = isJson(text) ? "JSON" : "YAML";
    ObjectMapper mapper =
        isJson(text) ? NeuralNetConfiguration.mapper() : NeuralNetConfiguration.mapperYaml();
    try {
      try (JsonParser tokens = mapper.getFactory().createParser(text)) {
        check(tokens, source);
      }
      return mapper.readTree(text);
    } catch (JsonProcessingException e) {
      throw refused(source + " is not " + form + ": " + e.getOriginalMessage());
    } catch (UnsupportedModelException e) {
      throw e;
    } catch (IOException | RuntimeException e) { // what the YAML parser throws besides
      throw refused(source + " is not " + form + ": " + e.getMessage());
    }
  }

  private static void check(JsonParser tokens, String source) throws IOException {
    tokens.enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
    int depth = 0;
    boolean ended = false;
    for (JsonToken token = tokens.nextToken(); token != null; token = tokens.nextToken()) {
      if (ended) {
        throw refused(source + " goes on after its configuration: give a file with nothing else");
      }
      if (token.isStructStart()) {
        depth++;
      } else if (token.isStructEnd()) {
        depth--;
      }
      if (depth > MAX_DEPTH) {
        throw refused(source + " is nested deeper than " + MAX_DEPTH + " levels: no DL4J model is");
      }
      if (token.isNumeric() && tokens.getTextLength() > MAX_NUMBER_LENGTH) {
        throw refused(
            source
                + " has a number of "
                + tokens.getTextLength()
                + " digits, more than "
                + MAX_NUMBER_LENGTH
                + ": no DL4J model has");
      }
      String field = tokens.getCurrentName();
      if (token == JsonToken.VALUE_STRING && field != null && NAMES_OF_CLASSES.contains(field)) {
        requireOfConfiguration(tokens.getText(), field, source);
      }
      if (tokens.canReadTypeId() && tokens.getTypeId() != null) { // a YAML tag
        requireOfConfiguration(tokens.getTypeId().toString(), TAG, source);
      }
      ended = depth == 0;
    }
  }

  private static void requireOfConfiguration(String name, String field, String source) {
    String what = source + " names " + PrintableText.of(name) + " as \"" + field + "\", which is ";
    // Jackson reads generic types and arrays, and loads what they are made of.
    if (!CLASS_NAME.matcher(name).matches()) {
      throw refused(what + "no name of a class: save the model again with DL4J");
    }
    Class<?> type = found(name);
    if (type != null && !isOfConfiguration(type)) {
      throw refused(
          what
              + "no layer, loss, updater or other part of a DL4J configuration: it will not be"
              + " loaded");
    }
    if (type == null && field.equals("@class")) {
      throw refused(
          what + "not on the class path: add the jar that holds it, with --jars of spark-submit");
    }
  }

  /** As Jackson finds it, but without running its initializers; null if there is none. */
  private static Class<?> found(String name) {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    Class<?> type = context == null ? null : found(name, context);
    return type != null ? type : found(name, ConfigurationTree.class.getClassLoader());
  }

  private static Class<?> found(String name, ClassLoader loader) {
    try {
      return Class.forName(name, false, loader);
    } catch (ClassNotFoundException | LinkageError e) {
      return null;
    }
  }

  /** Whether a class extends, or implements, a type of DL4J's that is written with its name. */
  private static boolean isOfConfiguration(Class<?> type) {
    boolean isExtensionPoint =
        (type.getName().startsWith("org.deeplearning4j.") || type.getName().startsWith("org.nd4j."))
            && type.isAnnotationPresent(JsonTypeInfo.class);
    return isExtensionPoint
        || Stream.concat(Stream.ofNullable(type.getSuperclass()), Stream.of(type.getInterfaces()))
            .anyMatch(ConfigurationTree::isOfConfiguration);
  }

  private static UnsupportedModelException refused(String problem) {
    return new UnsupportedModelException(List.of(problem));
  }
}
