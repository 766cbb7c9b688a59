package dev.lockstep.trainer.cli;

import dev.lockstep.ps.schedule.ScheduleText;
import dev.lockstep.trainer.config.OptimizerName;
import dev.lockstep.trainer.config.OptimizerSettings;
import dev.lockstep.trainer.config.OptimizerSettings.RateScaling;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that take the place of, or are laid over, the updaters that a model brings. */
final class OptimizerOptions {

  /** Tells the help of the command how schedules are written. */
  @Spec(Spec.Target.MIXEE)
  void describeSchedules(CommandSpec command) {
    List<String> lines = new ArrayList<>();
    lines.add("%nSchedules, one after another with >; lengths such as 500steps or 30epochs:");
    ScheduleText.FORMS.forEach(form -> lines.add("  " + form));
    lines.add("The base is the optimizer's lr; from and to of linear and onecycle are");
    lines.add("parts of it. Each part but the last needs for=LENGTH; the last takes the rest");
    lines.add("of the run. by=steps changes the value at every step.");
    lines.add("%nOptimizers and their arguments, each with PyTorch's formula and defaults:");
    for (OptimizerName name : OptimizerName.values()) {
      if (name != OptimizerName.NESTEROVS) {
        lines.add("  " + name.text() + "(" + String.join(", ", name.settings()) + ")");
      }
    }
    lines.add(
        "Exception: for a built-in model, sgd(lr), nesterovs(lr) and adam(lr) set the model's");
    lines.add("own updater, with DL4J's formula, and take no other argument.");
    command.usageMessage().footer(lines.toArray(String[]::new));
  }

  @Option(
      names = "--optimizer",
      paramLabel = "NAME(ARG=X,...)",
      description =
          "Optimizer and its arguments, for example 'adamw(lr=1e-3, weight-decay=0.05)' (default:"
              + " the model's own updaters; adam(lr=1e-3) for built-in models). Optimizers are"
              + " listed below.")
  private String optimizer;

  @Option(
      names = "--lr-schedule",
      paramLabel = "SCHEDULE",
      description =
          "Schedule of the learning rate, for example 'linear(500steps, from=0.1) > cosine'."
              + " Schedules are listed below.")
  private String lrSchedule;

  @Option(
      names = "--momentum-schedule",
      paramLabel = "SCHEDULE",
      description = "Schedule of the momentum of sgd, or of the Nesterovs updaters of a model.")
  private String momentumSchedule;

  @Option(
      names = "--scale-learning-rate",
      paramLabel = "none|linear|sqrt",
      description = "Multiply the learning rate by V or by its square root (default: none).")
  private RateScaling rateScaling;

  @Option(
      names = "--plateau",
      paramLabel = "factor=F,patience=N,...",
      description =
          "Multiply the learning rate by factor when the validation metric has not become better"
              + " for more than patience epochs, as PyTorch's ReduceLROnPlateau does (defaults:"
              + " metric=loss,"
              + "factor=0.1,patience=10,threshold=1e-4,threshold-mode=rel,cooldown=0,min-scale=1e-8).")
  private String plateau;

  /** What is given here wins over what is there. */
  OptimizerSettings over(OptimizerSettings settings) {
    OptimizerSettings changed = optimizer == null ? settings : settings.withOptimizer(optimizer);
    if (lrSchedule != null) {
      changed = changed.withLearningRateSchedule(lrSchedule);
    }
    if (momentumSchedule != null) {
      changed = changed.withMomentumSchedule(momentumSchedule);
    }
    if (rateScaling != null) {
      changed = changed.withRateScaling(rateScaling);
    }
    return plateau == null ? changed : changed.withPlateau(plateau);
  }
}
