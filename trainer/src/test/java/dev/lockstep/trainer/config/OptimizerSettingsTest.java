package dev.lockstep.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.trainer.config.OptimizerSettings.RateScaling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

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
              "name": "adamw", "values": {"lr": 0.01, "beta1": 0.8},
              "learningRateSchedule": "cosine"}}}
            """);
    assertEquals(
        OF_MODEL
            .withName(OptimizerName.ADAMW)
            .with("lr", 0.01)
            .with("beta1", 0.8)
            .withLearningRateSchedule("cosine"),
        config.optimization().optimizer());
  }

  @Test
  void refusesASettingWithoutEffect() {
    assertEquals(
        "beta1=0.9 has no effect with optimizer=sgd, which has lr, momentum, dampening, nesterov,"
            + " weight-decay: leave it out, or use one of adam, amsgrad, adamw, adamax, nadam,"
            + " radam, lamb, lion",
        refusal(() -> OF_MODEL.withName(OptimizerName.SGD).with("beta1", 0.9)));
    assertEquals(
        "dampening=0.1 without an optimizer: name one of sgd with --optimizer, or change the"
            + " model's own updaters in the model, a built-in one's with --updater and"
            + " --learning-rate",
        refusal(() -> OF_MODEL.with("dampening", 0.1)));
  }

  @Test
  void refusesValuesWithoutMeaning() {
    OptimizerSettings sgd = OF_MODEL.withName(OptimizerName.SGD);
    assertEquals(
        "speed=3.0 is not a setting of any optimizer: leave it out",
        refusal(() -> sgd.with("speed", 3)));
    assertEquals(
        "lr=NaN is not a finite number: give one", refusal(() -> sgd.with("lr", Double.NaN)));
    assertEquals(
        "nesterov=2.0 is neither 0 nor 1: give one of them",
        refusal(() -> sgd.with("nesterov", 2)));
    assertEquals(
        "schedule \"cosin\" is not known: give one of constant, linear, step, multistep,"
            + " exponential, cosine, restarts, polynomial, onecycle, onecycle-momentum, invsqrt",
        refusal(() -> sgd.withLearningRateSchedule("cosin")));
  }

  private static String refusal(Executable build) {
    return assertThrows(IllegalArgumentException.class, build).getMessage();
  }
}
