package dev.lockstep.trainer.cli.options;

import dev.lockstep.ps.schedule.EarlyStopping;
import dev.lockstep.ps.schedule.ScheduleText;
import dev.lockstep.trainer.cli.options.Heading.Common;
import dev.lockstep.trainer.cli.options.Heading.Under;
import dev.lockstep.trainer.config.NonFinitePolicy;
import dev.lockstep.trainer.config.OptimizerName;
import dev.lockstep.trainer.config.OptimizerSettings;
import dev.lockstep.trainer.config.OptimizerSettings.RateScaling;
import dev.lockstep.trainer.config.OptimizerText;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How parameters are updated, and for how long. */
@Under(Heading.OPTIMIZATION)
public final class OptimizationOptions extends SettingOptions {

  /** How optimizers and schedules are written. */
  public static List<String> grammar() {
    List<String> lines = new ArrayList<>();
    lines.add("%nOptimizers and their arguments, with PyTorch's formulas and defaults:");
    for (OptimizerName name : OptimizerName.values()) {
      if (name != OptimizerName.NESTEROVS) {
        lines.add("  " + name.text() + "(" + String.join(", ", name.settings()) + ")");
      }
    }
    lines.add(
        "They replace the updaters of the model. Exception: with a built-in model, adam(lr),");
    lines.add("nesterovs(lr) and sgd(lr) set the model's own updater, with DL4J's formula.");
    lines.add("%nSchedules; join several with >, and write lengths as 500steps or 30epochs:");
    ScheduleText.FORMS.forEach(form -> lines.add("  " + form));
    lines.add(
        "The base is the optimizer's lr. from and to of linear and onecycle are factors of the");
    lines.add("base. Each part but the last needs for=LENGTH; the last part takes the remaining");
    lines.add("steps. by=steps changes the value at every step.");
    return lines;
  }

  @Common
  @Option(
      names = "--optimizer",
      paramLabel = "NAME(ARG=X,...)",
      description =
          "Optimizer, for example 'adamw(lr=1e-3, weight-decay=0.05)' (default: the model's own"
              + " updaters; built-in models have adam(lr=1e-3)). --help-all lists the optimizers.")
  void optimizer(OptimizerText value) {
    change(value == null ? null : o -> o.withAlgorithm(value));
  }

  @Common
  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Passes over the training data (default: 1).")
  void epochs(Integer value) {
    set(value, (config, v) -> config.optimization(o -> o.epochs(v)));
  }

  @Common
  @Option(
      names = "--lr-schedule",
      paramLabel = "SCHEDULE",
      description =
          "Learning rate schedule, for example 'linear(500steps, from=0.1) > cosine' (default:"
              + " constant). --help-all lists the schedules.")
  void learningRateSchedule(String value) {
    change(value == null ? null : o -> o.withLearningRateSchedule(value));
  }

  @Option(
      names = "--momentum-schedule",
      paramLabel = "SCHEDULE",
      description =
          "Schedule of the momentum of sgd, or of the model's Nesterovs updaters (default:"
              + " constant).")
  void momentumSchedule(String value) {
    change(value == null ? null : o -> o.withMomentumSchedule(value));
  }

  @Option(
      names = "--scale-learning-rate",
      paramLabel = "none|linear|sqrt",
      description =
          "Multiply the learning rate by the number of virtual workers (linear) or its square root"
              + " (default: none).")
  void rateScaling(RateScaling value) {
    change(value == null ? null : o -> o.withRateScaling(value));
  }

  @Option(
      names = "--plateau",
      paramLabel = "factor=F,patience=N,...",
      description =
          "Multiply the learning rate by factor when the validation metric has not improved for"
              + " more than patience epochs, as PyTorch's ReduceLROnPlateau does (defaults:"
              + " metric=loss,"
              + "factor=0.1,patience=10,threshold=1e-4,threshold-mode=rel,cooldown=0,min-scale=1e-8).")
  void plateau(String value) {
    change(value == null ? null : o -> o.withPlateau(value));
  }

  @Common
  @Option(
      names = "--seed",
      paramLabel = "S",
      description =
          "Seed of initial parameters, data order, dropout and validation split (default: 42).")
  void seed(Long value) {
    set(value, (config, v) -> config.optimization(o -> o.seed(v)));
  }

  @Option(
      names = "--clip-norm",
      paramLabel = "X|inf",
      converter = NormConverter.class,
      description =
          "Largest global norm of the gradient; inf reports the norm only, 0 does nothing"
              + " (default: 0).")
  void clipNorm(Double value) {
    set(value, (config, v) -> config.optimization(o -> o.clipNorm(v)));
  }

  @Option(
      names = "--clip-value",
      paramLabel = "X",
      description = "Largest magnitude of a gradient element; 0 for no limit (default: 0).")
  void clipValue(Double value) {
    set(value, (config, v) -> config.optimization(o -> o.clipValue(v)));
  }

  @Option(
      names = "--on-non-finite",
      paramLabel = "stop|skip|lower:X",
      description =
          "What to do when a gradient has a NaN or an infinity: stop the run; skip the step; or go"
              + " back to the last multiple of --checkpoint-every and multiply the learning rate by"
              + " X, at most eight times (default: stop).")
  void onNonFinite(NonFinitePolicy value) {
    set(value, (config, v) -> config.optimization(o -> o.onNonFinite(v)));
  }

  @Option(
      names = "--early-stopping",
      paramLabel = "METRIC[:patience=N,...]",
      description =
          "Stop when this validation metric, loss or accuracy, has not improved for patience"
              + " epochs, 3 by default. Other arguments: min-delta, the least improvement; after,"
              + " the fewest epochs (default: never).")
  void earlyStopping(EarlyStopping value) {
    set(value, (config, v) -> config.optimization(o -> o.earlyStopping(v)));
  }

  private void change(UnaryOperator<OptimizerSettings> change) {
    set(change, (config, v) -> config.optimization(o -> o.optimizer(v.apply(o.optimizer()))));
  }

  /** Reads {@code inf} too. */
  static final class NormConverter implements ITypeConverter<Double> {
    @Override
    public Double convert(String value) {
      try {
        return value.equalsIgnoreCase("inf")
            ? Double.valueOf(Double.POSITIVE_INFINITY)
            : Double.valueOf(value);
      } catch (NumberFormatException e) {
        throw new TypeConversionException("'" + value + "' is neither a number nor inf");
      }
    }
  }
}
