package dev.lockstep.trainer.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The lines of {@link MetricsLog}. Stateless. */
final class MetricsLines {

  private static final ObjectMapper JSON = new ObjectMapper();

  private MetricsLines() {}

  static String of(StepMetrics metrics) {
    ObjectNode node = JSON.createObjectNode().put("kind", "step");
    node.put("step", metrics.step());
    node.put("epoch", metrics.epoch());
    node.put("examples", metrics.examples());
    put(node, "meanLoss", metrics.meanLoss());
    put(node, "gradientNorm", metrics.gradientNorm());
    put(node, "learningRate", metrics.learningRate());
    if (metrics.skippedSteps() > 0) {
      node.put("skippedSteps", metrics.skippedSteps());
    }
    put(node, "examplesPerSecond", metrics.examplesPerSecond());
    put(node, "elapsedSeconds", metrics.elapsedSeconds());
    return line(node);
  }

  static String of(EpochMetrics metrics) {
    ObjectNode node = JSON.createObjectNode().put("kind", "epoch");
    node.put("epoch", metrics.epoch());
    node.put("step", metrics.step());
    node.put("examples", metrics.examples());
    put(node, "meanLoss", metrics.meanLoss());
    put(node, "validationLoss", metrics.validationLoss());
    put(node, "validationAccuracy", metrics.validationAccuracy());
    put(node, "examplesPerSecond", metrics.examplesPerSecond());
    put(node, "elapsedSeconds", metrics.elapsedSeconds());
    return line(node);
  }

  /**
   * Reads all lines; a last one that was cut off in mid-write is ignored.
   *
   * @param name of the file, for errors
   */
  static Metrics read(BufferedReader reader, String name) throws IOException {
    List<StepMetrics> steps = new ArrayList<>();
    List<EpochMetrics> epochs = new ArrayList<>();
    int number = 1;
    for (String line = reader.readLine(); line != null; number++) {
      String next = reader.readLine();
      try {
        JsonNode node = JSON.readTree(line);
        switch (node.path("kind").asText()) {
          case "step" -> steps.add(step(node));
          case "epoch" -> epochs.add(epoch(node));
          default -> throw new IllegalArgumentException("kind is neither step nor epoch");
        }
      } catch (JsonProcessingException | IllegalArgumentException e) {
        if (next != null) {
          throw new IOException(
              "%s line %d is not a metrics record: %s"
                  .formatted(name, number, firstLine(e.getMessage())),
              e);
        }
      }
      line = next;
    }
    return new Metrics(steps, epochs);
  }

  private static String line(ObjectNode node) {
    return node + "\n";
  }

  private static void put(ObjectNode node, String name, double value) {
    if (Double.isFinite(value)) {
      node.put(name, value);
    } else if (Double.isInfinite(value)) {
      // Jackson would write a bare token that is not JSON; a diverged loss must stay visible.
      node.put(name, Double.toString(value));
    }
  }

  private static StepMetrics step(JsonNode node) {
    return new StepMetrics(
        node.path("step").asLong(),
        node.path("epoch").asInt(),
        node.path("examples").asLong(),
        number(node, "meanLoss"),
        number(node, "gradientNorm"),
        number(node, "learningRate"),
        number(node, "examplesPerSecond"),
        number(node, "elapsedSeconds"),
        node.path("skippedSteps").asLong(0));
  }

  private static EpochMetrics epoch(JsonNode node) {
    return new EpochMetrics(
        node.path("epoch").asInt(),
        node.path("step").asLong(),
        node.path("examples").asLong(),
        number(node, "meanLoss"),
        number(node, "validationLoss"),
        number(node, "validationAccuracy"),
        number(node, "examplesPerSecond"),
        number(node, "elapsedSeconds"));
  }

  private static double number(JsonNode node, String name) {
    JsonNode value = node.path(name);
    return value.isTextual() ? Double.parseDouble(value.asText()) : value.asDouble(Double.NaN);
  }

  private static String firstLine(String message) {
    return message == null ? "" : message.lines().findFirst().orElse("");
  }
}
