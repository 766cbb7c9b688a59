package dev.lockstep.trainer.output;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.store.FittedTransformJson;
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
 * @param pace of its mode
 * @param result what came out
 * @param numerics the different arithmetics of the workers
 * @param sparkVersion of the cluster
 * @param master of the cluster
 */
public record RunRecord(
    TrainingConfig config,
    ShardedDataset dataset,
    ModelDefinition model,
    StepSchedule pace,
    TrainingResult result,
    List<NumericFingerprint> numerics,
    String sparkVersion,
    String master) {

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
        "throughput", String.format(Locale.ROOT, "%,.0f examples/s", result.examplesPerSecond()));
    facts.put("time", String.format(Locale.ROOT, "%.1f s", result.seconds()));
    facts.put("steps", String.format(Locale.ROOT, "%,d", result.steps()));
    if (skippedSteps() > 0) {
      facts.put("skipped steps", String.format(Locale.ROOT, "%,d", skippedSteps()));
    }
    if (result.attempts() > 1) {
      facts.put("attempts", String.format(Locale.ROOT, "%,d", result.attempts()));
    }
    result.endedEarly().ifPresent(reason -> facts.put("stopped early", reason));
    if (!result.rateCuts().isEmpty()) {
      facts.put("learning rate lowered", new RateCuts(result.rateCuts()).toString());
    }
    facts.put("workers", result.workers() + " on " + result.servers() + " executor(s)");
    facts.put("exchanged", kilobytes(result.exchangedBytesPerStep()) + " a step");
    facts.put("through sockets", kilobytes(result.socketBytesPerStep()) + " a step");
    facts.put("parameters", String.format(Locale.ROOT, "%,d", result.parameters().length));
    facts.put("parametersSha256", result.parametersSha256());
    facts.put("numeric fingerprint", result.numericFingerprint());
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
        result.workerThroughputs(),
        result.notes());
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
    json.put("run", result.run());
    json.put("finished", Instant.now().toString());
    json.put("parametersSha256", result.parametersSha256());
    // An earlier launch of the run may have been allowed what this command does not allow.
    json.put(
        "reproducible",
        config.givesSameBits() && !NumericFingerprint.isMixed(result.numericFingerprint()));
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
    if (dataset.manifest().fittedTransform() != null) {
      data.set("fittedTransform", FittedTransformJson.of(dataset.manifest().fittedTransform()));
    }
    data.set("classes", WorkerReport.JSON.valueToTree(dataset.manifest().classes()));
    ObjectNode numeric = json.putObject("numeric");
    numeric.put("profile", config.cluster().numericProfile());
    numeric.put("fingerprint", result.numericFingerprint());
    ArrayNode machines = numeric.putArray("machines");
    for (NumericFingerprint one : numerics) {
      machines
          .addObject()
          .put("natives", one.natives())
          .put("blas", one.blas())
          .put("cpu", one.cpu())
          .put("cLibrary", one.cLibrary());
    }
    json.putObject("versions")
        .put("java", System.getProperty("java.version"))
        .put("spark", sparkVersion)
        .put("deeplearning4j", Versions.ofThisBuild().deeplearning4j());
    ObjectNode cluster = json.putObject("cluster");
    cluster
        .put("master", master)
        .put("workers", result.workers())
        .put("servers", result.servers())
        .put("socketBytes", result.socketBytes())
        .put("socketBytesPerStep", result.socketBytesPerStep())
        .put("pushedBytes", result.exchanged().pushed())
        .put("pulledBytes", result.exchanged().pulled())
        .put("exchangedBytes", result.exchangedBytes())
        .put("exchangedBytesPerStep", result.exchangedBytesPerStep());
    ArrayNode workers = cluster.putArray("workerThroughputs");
    for (WorkerThroughput one : result.workerThroughputs()) {
      ObjectNode worker = WorkerReport.JSON.valueToTree(one);
      workers.add(worker.put("examplesPerSecond", one.examplesPerSecond()));
    }
    EpochMetrics last = result.metrics().lastEpoch();
    ObjectNode outcome = json.putObject("result");
    outcome.put("steps", result.steps());
    outcome.put("stepsPerEpoch", pace.stepsPerEpoch());
    outcome.put("skippedSteps", skippedSteps());
    outcome.put("attempts", result.attempts());
    outcome.set("notes", WorkerReport.JSON.valueToTree(result.notes()));
    result.endedEarly().ifPresent(reason -> outcome.put("stoppedEarly", reason));
    outcome.set("rateCuts", WorkerReport.JSON.valueToTree(result.rateCuts()));
    outcome.put("examples", result.examples());
    outcome.put("seconds", result.seconds());
    outcome.put("examplesPerSecond", result.examplesPerSecond());
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
