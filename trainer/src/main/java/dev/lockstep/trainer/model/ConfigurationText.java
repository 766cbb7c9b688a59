package dev.lockstep.trainer.model;

import dev.lockstep.trainer.model.ModelDefinition.Kind;
import java.util.List;
import org.apache.commons.codec.digest.DigestUtils;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** DL4J configurations as text, and back. */
final class ConfigurationText {

  private static final List<String> SET_BY_A_RUN = List.of("seed", "iterationCount", "epochCount");

  private ConfigurationText() {}

  static ModelDefinition definition(MultiLayerConfiguration configuration) {
    String json = configuration.toJson();
    return checked(new ModelDefinition(Kind.MULTI_LAYER_NETWORK, json));
  }

  static ModelDefinition definition(ComputationGraphConfiguration configuration) {
    String json = configuration.toJson();
    return checked(new ModelDefinition(Kind.COMPUTATION_GRAPH, json));
  }

  static ModelDefinition parse(String text, String source) {
    JsonNode tree = ConfigurationTree.read(text, source);
    boolean json = ConfigurationTree.isJson(text);
    if (tree.has("confs")) {
      return checkedFrom(
          source,
          () ->
              definition(
                  json
                      ? MultiLayerConfiguration.fromJson(text)
                      : MultiLayerConfiguration.fromYaml(text)));
    }
    if (tree.has("vertices")) {
      return checkedFrom(
          source,
          () ->
              definition(
                  json
                      ? ComputationGraphConfiguration.fromJson(text)
                      : ComputationGraphConfiguration.fromYaml(text)));
    }
    throw refused(
        source
            + " is not a DL4J configuration: it has neither \"confs\" (MultiLayerConfiguration) nor"
            + " \"vertices\" (ComputationGraphConfiguration). Write it with toJson() or toYaml(),"
            + " or save the model with ModelSerializer");
  }

  /** See {@link ModelDefinition#sha256}. */
  static String sha256(String json) {
    JsonNode tree = ConfigurationTree.read(json, "a configuration");
    for (String name : SET_BY_A_RUN) {
      tree.findParents(name).forEach(parent -> ((ObjectNode) parent).remove(name));
    }
    return DigestUtils.sha256Hex(tree.toString());
  }

  /**
   * A setting that JSON forgets (of a class of the user's own, say) would count on the driver and
   * not in executors.
   */
  private static ModelDefinition checked(ModelDefinition definition) {
    String again;
    try {
      again =
          definition.kind() == Kind.MULTI_LAYER_NETWORK
              ? definition.multiLayer().toJson()
              : definition.graph().toJson();
    } catch (RuntimeException e) {
      throw refused(
          "the configuration cannot be read back from DL4J's JSON, nor would a saved model be: "
              + rootMessage(e)
              + ". Set that value without the feature named");
    }
    if (!again.equals(definition.json())) {
      throw refused(
          "the configuration does not survive DL4J's JSON: "
              + firstDifference(definition.json(), again)
              + ". Set that value without the feature that is lost");
    }
    return definition;
  }

  private static ModelDefinition checkedFrom(
      String source, java.util.function.Supplier<ModelDefinition> load) {
    try {
      return load.get();
    } catch (UnsupportedModelException e) {
      throw refused(source + ": " + e.getMessage());
    } catch (RuntimeException e) {
      throw refused(source + " cannot be read as a DL4J configuration: " + rootMessage(e));
    }
  }

  private static String firstDifference(String written, String read) {
    List<String> before = written.lines().toList();
    List<String> after = read.lines().toList();
    for (int i = 0; i < Math.min(before.size(), after.size()); i++) {
      if (!before.get(i).equals(after.get(i))) {
        return "line "
            + (i + 1)
            + " was "
            + before.get(i).strip()
            + ", comes back as "
            + after.get(i).strip();
      }
    }
    return "lengths " + before.size() + " and " + after.size() + " lines";
  }

  private static String rootMessage(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String message = root.getMessage() == null ? root.toString() : root.getMessage();
    return message.lines().findFirst().orElse(message);
  }

  private static UnsupportedModelException refused(String problem) {
    return new UnsupportedModelException(List.of(problem));
  }
}
