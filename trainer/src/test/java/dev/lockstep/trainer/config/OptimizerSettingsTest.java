package dev.lockstep.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.trainer.config.OptimizerSettings.RateScaling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptimizerSettingsTest {

  private static final OptimizerSettings OF_MODEL = OptimizerSettings.OF_MODEL;

  @Test
  void textsAreKeptInTheirCanonicalForm() {
    OptimizerSettings settings =
        OF_MODEL
            .withLearningRateSchedule("cosine( for=90epochs )")
            .withMomentumSchedule("step(every=10epochs,gamma=0.50)")
            .withPlateau("patience=3");
    assertEquals("cosine(90epochs)", settings.learningRateSchedule());
    assertEquals("step(10epochs, gamma=0.5)", settings.momentumSchedule());
    assertEquals(
        "metric=loss,factor=0.1,patience=3,threshold=1.0E-4,threshold-mode=rel,cooldown=0,"
            + "min-scale=1.0E-8",
        settings.plateau());
  }

  @Test
  void scalesWithTheVirtualWorkers() {
    assertEquals(1, RateScaling.NONE.factor(16));
    assertEquals(16, RateScaling.LINEAR.factor(16));
    assertEquals(4, RateScaling.SQRT.factor(16));
  }

  @Test
  void jsonMayNameAnyPart() {
    TrainingConfig config =
        TrainingConfig.fromJson(
            """
            {"version": 1, "output": {"folder": "a"}, "optimization": {"optimizer": {
              "algorithm": "adamw(lr=0.01, beta1=0.8)",
              "learningRateSchedule": "cosine"}}}
            """);
    assertEquals(
        OF_MODEL.withOptimizer("adamw(lr=0.01, beta1=0.8)").withLearningRateSchedule("cosine"),
        config.optimization().optimizer());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "adam | adam",
        "sgd( 0.10 ) | sgd(lr=0.1)",
        "adamw(weight-decay=5e-2,lr=0.001) | adamw(lr=0.001, weight-decay=0.05)",
        "sgd(lr=1,momentum=0.9,nesterov=true) | sgd(lr=1, momentum=0.9, nesterov=true)",
        "rmsprop(centered=false) | rmsprop(centered=false)",
      })
  void anOptimizerHasACanonicalText(String given, String canonical) {
    OptimizerText text = OptimizerText.parse(given);
    assertEquals(canonical, text.toString());
    assertEquals(text, OptimizerText.parse(canonical));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sgd(beta1=0.9) | optimizer sgd: it has no beta1: give lr, momentum, dampening, nesterov,"
            + " weight-decay, or use adam, amsgrad, adamw, adamax, nadam, radam, lamb, lion",
        "sgd(speed=3) | optimizer sgd: it has no speed: give lr, momentum, dampening, nesterov,"
            + " weight-decay",
        "adamx | optimizer \"adamx\" is not known: give one of sgd, nesterovs, adagrad, rmsprop,"
            + " adadelta, adam, amsgrad, adamw, adamax, nadam, radam, lamb, lars, lion, such as"
            + " adamw(lr=1e-3)",
        "sgd(lr=NaN) | optimizer sgd: lr=NaN is not a number: give one such as 0.1 or 1e-5",
        "sgd(lr=) | optimizer sgd: lr= is not a number: give one such as 0.1 or 1e-5",
        "sgd(nesterov=2) | optimizer sgd: nesterov=2 is neither true nor false: give one of them",
        "sgd(0.1, lr=0.2) | optimizer sgd: lr is given twice: name each argument once, as"
            + " name=value",
        "sgd(0.1 | optimizer \"sgd(0.1\" is not of the form name(argument, ...): end it with one )",
      })
  void refusesOptimizersWithoutMeaning(String given, String message) {
    assertEquals(message, refusal(() -> OptimizerText.parse(given)));
  }

  @Test
  void refusesSchedulesWithoutMeaning() {
    assertEquals(
        "schedule \"cosin\" is not known: give one of constant, linear, step, multistep,"
            + " exponential, cosine, restarts, polynomial, onecycle, onecycle-momentum, invsqrt",
        refusal(() -> OF_MODEL.withLearningRateSchedule("cosin")));
  }

  private static String refusal(Executable build) {
    return assertThrows(IllegalArgumentException.class, build).getMessage();
  }
}
