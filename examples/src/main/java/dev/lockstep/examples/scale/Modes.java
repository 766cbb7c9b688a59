package dev.lockstep.examples.scale;

import dev.lockstep.examples.digits.DigitGenerator;
import dev.lockstep.examples.digits.DrawnDigits;
import dev.lockstep.examples.lab.Experiment;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.sharding.ReaderOptions.Normalization;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.Compression;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Every mode on one dataset: loss by steps, seconds and bytes. */
@Command(
    name = "modes",
    description = "Trains one network in every mode: loss against steps, seconds and bytes.")
public final class Modes extends Experiment {

  @Option(
      names = "--examples",
      defaultValue = "4000",
      description = "Digits to learn from (default: ${DEFAULT-VALUE}).")
  private int examples;

  @Option(
      names = "--epochs",
      defaultValue = "5",
      description = "Passes over the data (default: ${DEFAULT-VALUE}).")
  private int epochs;

  @Override
  protected Page run(Lab lab) throws IOException {
    Map<String, UnaryOperator<TrainingConfig.Builder>> modes = new LinkedHashMap<>();
    modes.put("sync", run -> run);
    modes.put("averaging, k = 1", run -> averaging(run, Averaging.every(1)));
    modes.put("averaging, k = 5", run -> averaging(run, Averaging.every(5)));
    modes.put("averaging, k = 50", run -> averaging(run, Averaging.every(50)));
    for (int k : new int[] {5, 50}) {
      Averaging diLoCo = Averaging.every(k).withOuter(Averaging.Outer.NESTEROV);
      modes.put("DiLoCo, k = " + k, run -> averaging(run, diLoCo));
    }
    modes.put("ssp, s = 3", run -> run.mode(m -> m.kind(Mode.SSP).staleness(3)));
    modes.put("async", run -> run.mode(m -> m.kind(Mode.ASYNC)));
    modes.put("bfloat16", run -> run.mode(m -> m.gradientCompression(new Compression.BFloat16())));
    modes.put("top-k 1 %", run -> run.mode(m -> m.gradientCompression(new Compression.TopK(0.01))));

    ShardedDataset data =
        new DrawnDigits(new DigitGenerator(lab.seed()), lab.folder().resolve("data"), lab::say)
            .shards(lab.spark(), 0, examples, "learn from", Normalization.NONE);
    InitialModel model =
        InitialModel.fresh(
            ModelDefinition.builtIn("mlp:128", data.manifest().tensors(), BuiltInOptions.DEFAULT));
    // The first training of a JVM is slow, whatever its mode.
    Lockstep.train(lab.spark(), model, data, lab.newRun("warm-up", 4, 8, 1).build());
    List<Series> bySteps = new ArrayList<>();
    List<Series> bySeconds = new ArrayList<>();
    List<Series> byBytes = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    for (Map.Entry<String, UnaryOperator<TrainingConfig.Builder>> each : modes.entrySet()) {
      String mode = each.getKey();
      TrainingConfig config =
          each.getValue()
              .apply(lab.newRun(mode, 4, 8, epochs))
              .data(d -> d.validationFraction(0.2))
              .build();
      TrainingResult result = Lockstep.train(lab.spark(), model, data, config);
      List<EpochMetrics> metrics = result.metrics().epochs();
      double megabytesPerStep = result.exchangedBytesPerStep() / 1e6;
      bySteps.add(Series.of(mode, metrics, EpochMetrics::step, EpochMetrics::validationLoss));
      bySeconds.add(
          Series.of(mode, metrics, EpochMetrics::elapsedSeconds, EpochMetrics::validationLoss));
      byBytes.add(
          Series.of(
              mode,
              metrics,
              epoch -> epoch.step() * megabytesPerStep,
              EpochMetrics::validationLoss));
      rows.add(
          List.of(
              mode,
              Page.text("%.1f %%", 100 * result.metrics().lastEpoch().validationAccuracy()),
              Page.text("%.1f s", result.progress().seconds()),
              Page.text("%.1f MB", result.progress().steps() * megabytesPerStep),
              config.givesSameBits() ? "yes" : "no"));
    }
    return Page.titled("One network in every mode")
        .withLead(
            "An MLP learns drawn digits: four virtual workers, the same epochs in every mode."
                + " Averaging exchanges parameters and Adam's state, three vectors, once in k"
                + " steps: more bytes than sync at k = 1, a fraction at k = 50. async makes a step"
                + " of every gradient, four times as many in an epoch. bfloat16 and top-k shrink"
                + " the gradients, not the parameters that come back. Bytes are counted as the wire"
                + " has them, also within one process; seconds on one machine say little about a"
                + " network.")
        .with(
            Chart.lines("Loss by steps", "step", "validation loss", bySteps).logarithmic().wide(),
            Chart.lines("Loss by seconds", "s", "validation loss", bySeconds).logarithmic(),
            Chart.lines("Loss by bytes", "MB exchanged", "validation loss", byBytes).logarithmic(),
            new Page.Table(
                "At the end",
                List.of("mode", "validation accuracy", "time", "exchanged", "same bits anywhere"),
                rows));
  }

  private static TrainingConfig.Builder averaging(TrainingConfig.Builder run, Averaging rounds) {
    return run.mode(m -> m.kind(Mode.AVERAGING).averaging(rounds));
  }
}
