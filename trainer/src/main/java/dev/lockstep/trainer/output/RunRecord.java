package dev.lockstep.trainer.output;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.store.DataRecipeJson;
import dev.lockstep.trainer.checkpoint.RateCuts;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.loop.StepSchedule;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.metrics.WorkerThroughput;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.replica.NumericFingerprint;
import dev.lockstep.trainer.numeric.Versions;
import dev.lockstep.trainer.report.TrainingReport;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What is written of a finished run, for programs and for people. Lives on the driver.
 *
 * @param config of the run, resolved
 * @param dataset that it was trained on
 * @param model that was trained
 * @param schedule of its steps
 * @param result what came out
 * @param environment where it ran
 */
public record RunRecord(
    TrainingConfig config,
    ShardedDataset dataset,
    ModelDefinition model,
    StepSchedule schedule,
    TrainingResult result,
    Environment environment) {

  /** Version of the format of {@code run.json}; a reader refuses others. */
  private static final int FORMAT_VERSION = 1;

  private static final String VERSION = "formatVersion";

  /**
   * Where a run ran.
   *
   * @param numerics the different arithmetics of the workers
   * @param sparkVersion of the cluster
   * @param master of the cluster
   */
  public record Environment(
      List<NumericFingerprint> numerics, String sparkVersion, String master) {}

  /**
   * Parses a {@code run.json}.
   *
   * @param file for messages
   * @throws IOException if it is none, or of a version that this build cannot read
   */
  static JsonNode parse(byte[] json, String file) throws IOException {
    JsonNode record;
    try {
      record = WorkerReport.JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IOException(
          file
              + " is not the record of a run: "
              + e.getOriginalMessage()
              + ": restore it, or move the model elsewhere",
          e);
    }
    JsonNode version = record.path(VERSION);
    if (!version.isInt() || version.intValue() != FORMAT_VERSION) {
      throw new IOException(
          file
              + " is a run record of "
              + VERSION
              + "="
              + (version.isMissingNode() ? "none" : version)
              + " != "
              + FORMAT_VERSION
              + ": use the version of Lockstep that wrote it, or train again with this one");
    }
    return record;
  }

  /** What people see. */
  public TrainingReport report() {
    Map<String, String> facts = new LinkedHashMap<>();
    EpochMetrics last = result.metrics().lastEpoch();
    facts.put("training loss", String.format(Locale.ROOT, "%.4f", last.meanLoss()));
    if (!Double.isNaN(last.validationLoss())) {
      facts.put("validation loss", String.format(Locale.ROOT, "%.4f", last.validationLoss()));
    }
    if (!Double.isNaN(last.validationAccuracy())) {
      facts.put(
          "validation accuracy",
          String.format(Locale.ROOT, "%.2f %%", 100 * last.validationAccuracy()));
    }
    facts.put(
        "throughput",
        String.format(Locale.ROOT, "%,.0f examples/s", result.progress().examplesPerSecond()));
    facts.put("time", String.format(Locale.ROOT, "%.1f s", result.progress().seconds()));
    facts.put("steps", String.format(Locale.ROOT, "%,d", result.progress().steps()));
    if (skippedSteps() > 0) {
      facts.put("skipped steps", String.format(Locale.ROOT, "%,d", skippedSteps()));
    }
    if (result.progress().attempts() > 1) {
      facts.put("attempts", String.format(Locale.ROOT, "%,d", result.progress().attempts()));
    }
    result.progress().endedEarly().ifPresent(reason -> facts.put("stopped early", reason));
    if (!result.progress().rateCuts().isEmpty()) {
      facts.put("learning rate lowered", new RateCuts(result.progress().rateCuts()).toString());
    }
    facts.put(
        "workers",
        result.cluster().workers() + " on " + result.cluster().servers() + " executor(s)");
    facts.put("exchanged", kilobytes(result.exchangedBytesPerStep()) + " a step");
    facts.put("through sockets", kilobytes(result.socketBytesPerStep()) + " a step");
    facts.put("parameters", String.format(Locale.ROOT, "%,d", result.parameters().length));
    facts.put("parametersSha256", result.parametersSha256());
    facts.put("numeric fingerprint", result.cluster().numericFingerprint());
    facts.put("data fingerprint", dataset.manifest().fingerprint());
    Map<String, String> asked = new LinkedHashMap<>();
    asked.put("model", kind());
    asked.put("dataset", dataset.location());
    putLeaves("", configuration(), asked);
    return new TrainingReport(
        "Lockstep " + result.run(),
        facts,
        asked,
        result.metrics(),
        result.cluster().workerThroughputs(),
        result.progress().notes());
  }

  /** Adds the values below a JSON node under their dotted names, without those that are null. */
  private static void putLeaves(String name, JsonNode node, Map<String, String> into) {
    if (node.isObject()) {
      String prefix = name.isEmpty() ? "" : name + ".";
      node.properties().forEach(e -> putLeaves(prefix + e.getKey(), e.getValue(), into));
    } else if (!node.isNull()) {
      into.put(name, node.isValueNode() ? node.asText() : node.toString());
    }
  }

  private static String kilobytes(double bytes) {
    return String.format(Locale.ROOT, "%,.1f KB", bytes / 1e3);
  }

  /** Steps whose gradient was not finite. */
  private long skippedSteps() {
    return result.metrics().steps().stream().mapToLong(StepMetrics::skippedSteps).max().orElse(0);
  }

  private String kind() {
    return model.kind().name().toLowerCase(Locale.ROOT);
  }

  private JsonNode configuration() {
    try {
      return WorkerReport.JSON.readTree(config.toJson());
    } catch (IOException e) {
      throw new IllegalStateException("a configuration is always JSON", e);
    }
  }

  /** What {@code run.json} says. */
  public ObjectNode json() {
    ObjectNode json = WorkerReport.JSON.createObjectNode();
    json.put(VERSION, FORMAT_VERSION);
    json.put("run", result.run());
    json.put("finished", Instant.now().toString());
    json.put("parametersSha256", result.parametersSha256());
    // An earlier attempt of the run may have been allowed what this command does not allow.
    json.put(
        "reproducible",
        config.givesSameBits()
            && !NumericFingerprint.isMixed(result.cluster().numericFingerprint()));
    json.set("config", configuration());
    json.putObject("model")
        .put("kind", kind())
        .put("parameters", result.parameters().length)
        // DL4J has no place for the state of an optimizer that is not its own.
        .put(
            "updaterState",
            config.optimization().optimizer().algorithm() == null ? "trained" : "fresh");
    ObjectNode data = json.putObject("data");
    data.put("location", dataset.location());
    data.put("fingerprint", dataset.manifest().fingerprint());
    data.put("examples", dataset.manifest().examples());
    if (!dataset.manifest().recipe().equals(DataRecipe.NONE)) {
      data.set("recipe", DataRecipeJson.of(dataset.manifest().recipe()));
    }
    data.set("classes", WorkerReport.JSON.valueToTree(dataset.manifest().classes()));
    ObjectNode numeric = json.putObject("numeric");
    numeric.put("profile", config.cluster().numericProfile());
    numeric.put("fingerprint", result.cluster().numericFingerprint());
    ArrayNode machines = numeric.putArray("machines");
    for (NumericFingerprint one : environment.numerics()) {
      machines
          .addObject()
          .put("natives", one.natives())
          .put("blas", one.blas())
          .put("cpu", one.cpu())
          .put("cLibrary", one.cLibrary());
    }
    json.putObject("versions")
        .put("java", System.getProperty("java.version"))
        .put("spark", environment.sparkVersion())
        .put("deeplearning4j", Versions.ofThisBuild().deeplearning4j());
    ObjectNode cluster = json.putObject("cluster");
    cluster
        .put("master", environment.master())
        .put("workers", result.cluster().workers())
        .put("servers", result.cluster().servers())
        .put("socketBytes", result.cluster().socketBytes())
        .put("socketBytesPerStep", result.socketBytesPerStep())
        .put("pushedBytes", result.cluster().exchanged().pushed())
        .put("pulledBytes", result.cluster().exchanged().pulled())
        .put("exchangedBytes", result.exchangedBytes())
        .put("exchangedBytesPerStep", result.exchangedBytesPerStep());
    ArrayNode workers = cluster.putArray("workerThroughputs");
    for (WorkerThroughput one : result.cluster().workerThroughputs()) {
      ObjectNode worker = WorkerReport.JSON.valueToTree(one);
      workers.add(worker.put("examplesPerSecond", one.examplesPerSecond()));
    }
    EpochMetrics last = result.metrics().lastEpoch();
    ObjectNode outcome = json.putObject("result");
    outcome.put("steps", result.progress().steps());
    outcome.put("stepsPerEpoch", schedule.stepsPerEpoch());
    outcome.put("skippedSteps", skippedSteps());
    outcome.put("attempts", result.progress().attempts());
    outcome.set("notes", WorkerReport.JSON.valueToTree(result.progress().notes()));
    result.progress().endedEarly().ifPresent(reason -> outcome.put("stoppedEarly", reason));
    outcome.set("rateCuts", WorkerReport.JSON.valueToTree(result.progress().rateCuts()));
    outcome.put("examples", result.progress().examples());
    outcome.put("seconds", result.progress().seconds());
    outcome.put("examplesPerSecond", result.progress().examplesPerSecond());
    outcome.put("trainingLoss", last.meanLoss());
    if (!Double.isNaN(last.validationLoss())) {
      outcome.put("validationLoss", last.validationLoss());
    }
    if (!Double.isNaN(last.validationAccuracy())) {
      outcome.put("validationAccuracy", last.validationAccuracy());
    }
    return json;
  }
}
