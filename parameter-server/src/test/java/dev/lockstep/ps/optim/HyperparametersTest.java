package dev.lockstep.ps.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.ps.schedule.Schedule;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/** What Lockstep's own optimizers take, refuse and need. */
class HyperparametersTest {

  private static final Schedule RATE = Schedule.fixed(0.1);

  /** An optimizer that is refused. */
  private record Refused(String message, Executable construction) {}

  @TestFactory
  Stream<DynamicTest> valuesWithoutMeaningAreRefused() {
    return Stream.of(
            new Refused(
                "Sgd dampening=1.5 must be in [0, 1]",
                () -> new Sgd(RATE, RATE, 1.5, Sgd.Form.CLASSIC, 0)),
            new Refused(
                "Sgd weightDecay=-1.0 must be finite and >= 0",
                () -> new Sgd(RATE, RATE, 0, Sgd.Form.CLASSIC, -1)),
            new Refused(
                "Sgd form=NESTEROV with momentum=Fixed[value=0.0] and dampening=0.0: give it a"
                    + " momentum, and dampening=0",
                () -> new Sgd(RATE, Schedule.OFF, 0, Sgd.Form.NESTEROV, 0)),
            new Refused(
                "Sgd form=NESTEROV with momentum=Fixed[value=0.1] and dampening=0.5: give it a"
                    + " momentum, and dampening=0",
                () -> new Sgd(RATE, RATE, 0.5, Sgd.Form.NESTEROV, 0)),
            new Refused(
                "AdaGrad rateDecay=-1.0 must be finite and >= 0",
                () -> new AdaGrad(RATE, -1, 0, 0, 0)),
            new Refused(
                "AdaGrad initialAccumulator=NaN must be finite and >= 0",
                () -> new AdaGrad(RATE, 0, Double.NaN, 0, 0)),
            new Refused(
                "RmsProp alpha=1.0 must be in [0, 1)",
                () -> new RmsProp(RATE, 1, 0, 0, RmsProp.Centering.NONE, 0)),
            new Refused(
                "RmsProp momentum=-0.1 must be finite and >= 0",
                () -> new RmsProp(RATE, 0.9, 0, -0.1, RmsProp.Centering.NONE, 0)),
            new Refused("AdaDelta rho=1.0 must be in [0, 1)", () -> new AdaDelta(RATE, 1, 0, 0)),
            new Refused("Adam beta1=1.0 must be in [0, 1)", () -> new Adam(RATE, 1, 0.9, 0, 0)),
            new Refused(
                "AdamW weightDecay=Infinity must be finite and >= 0",
                () -> new AdamW(RATE, 0.9, 0.9, 0, Double.POSITIVE_INFINITY)),
            new Refused(
                "AmsGrad beta2=-0.5 must be in [0, 1)", () -> new AmsGrad(RATE, 0.9, -0.5, 0, 0)),
            new Refused(
                "AdaMax epsilon=-1.0 must be finite and >= 0",
                () -> new AdaMax(RATE, 0.9, 0.9, -1, 0)),
            new Refused(
                "Nadam momentumDecay=-1.0 must be finite and >= 0",
                () -> new Nadam(RATE, 0.9, 0.9, 0, 0, -1)),
            new Refused("RAdam beta2=1.0 must be in [0, 1)", () -> new RAdam(RATE, 0.9, 1, 0, 0)),
            new Refused("Lion beta1=2.0 must be in [0, 1)", () -> new Lion(RATE, 2, 0.9, 0)),
            new Refused(
                "Lamb epsilon=NaN must be finite and >= 0",
                () -> new Lamb(RATE, 0.9, 0.9, Double.NaN, 0)),
            new Refused("Lars momentum=1.0 must be in [0, 1)", () -> new Lars(RATE, 1, 0, 1e-3)),
            new Refused(
                "Lars coefficient=0.0 must be finite and > 0", () -> new Lars(RATE, 0.9, 0, 0)))
        .map(
            refused ->
                DynamicTest.dynamicTest(
                    refused.message(),
                    () ->
                        assertEquals(
                            refused.message(),
                            assertThrows(IllegalArgumentException.class, refused.construction())
                                .getMessage())));
  }

  /** As printed by {@code inspect.signature} for PyTorch 2's optimizers, and in the papers. */
  @Test
  void defaultsAreThoseOfPyTorchAndOfThePapers() {
    List<OptimizerSpec> expected =
        List.of(
            new Sgd(Schedule.fixed(0.001), Schedule.OFF, 0, Sgd.Form.CLASSIC, 0),
            new AdaGrad(Schedule.fixed(0.01), 0, 0, 1e-10, 0),
            new RmsProp(Schedule.fixed(0.01), 0.99, 1e-8, 0, RmsProp.Centering.NONE, 0),
            new AdaDelta(Schedule.fixed(1), 0.9, 1e-6, 0),
            new Adam(Schedule.fixed(0.001), 0.9, 0.999, 1e-8, 0),
            new AmsGrad(Schedule.fixed(0.001), 0.9, 0.999, 1e-8, 0),
            new AdamW(Schedule.fixed(0.001), 0.9, 0.999, 1e-8, 0.01),
            new AdaMax(Schedule.fixed(0.002), 0.9, 0.999, 1e-8, 0),
            new Nadam(Schedule.fixed(0.002), 0.9, 0.999, 1e-8, 0, 0.004),
            new RAdam(Schedule.fixed(0.001), 0.9, 0.999, 1e-8, 0),
            new Lion(Schedule.fixed(0.0001), 0.9, 0.99, 0),
            new Lamb(Schedule.fixed(0.001), 0.9, 0.999, 1e-6, 0.01),
            new Lars(Schedule.fixed(1), 0.9, 0.0005, 0.001));
    assertEquals(
        expected,
        List.of(
            Sgd.DEFAULT,
            AdaGrad.DEFAULT,
            RmsProp.DEFAULT,
            AdaDelta.DEFAULT,
            Adam.DEFAULT,
            AmsGrad.DEFAULT,
            AdamW.DEFAULT,
            AdaMax.DEFAULT,
            Nadam.DEFAULT,
            RAdam.DEFAULT,
            Lion.DEFAULT,
            Lamb.DEFAULT,
            Lars.DEFAULT));
  }

  @Test
  void stateIsAsLargeAsSaid() {
    assertEquals(0, Sgd.DEFAULT.stateVectors());
    assertEquals(1, new Sgd(RATE, RATE, 0, Sgd.Form.CLASSIC, 0).stateVectors());
    assertEquals(1, AdaGrad.DEFAULT.stateVectors());
    assertEquals(1, RmsProp.DEFAULT.stateVectors());
    assertEquals(2, new RmsProp(RATE, 0.9, 0, 0.9, RmsProp.Centering.NONE, 0).stateVectors());
    assertEquals(2, new RmsProp(RATE, 0.9, 0, 0, RmsProp.Centering.CENTERED, 0).stateVectors());
    assertEquals(3, new RmsProp(RATE, 0.9, 0, 0.9, RmsProp.Centering.CENTERED, 0).stateVectors());
    assertEquals(2, AdaDelta.DEFAULT.stateVectors());
    assertEquals(2, Adam.DEFAULT.stateVectors());
    assertEquals(3, AmsGrad.DEFAULT.stateVectors());
    assertEquals(2, AdamW.DEFAULT.stateVectors());
    assertEquals(2, AdaMax.DEFAULT.stateVectors());
    assertEquals(2, Nadam.DEFAULT.stateVectors());
    assertEquals(2, RAdam.DEFAULT.stateVectors());
    assertEquals(1, Lion.DEFAULT.stateVectors());
    assertEquals(2, Lamb.DEFAULT.stateVectors());
    assertEquals(1, Lars.DEFAULT.stateVectors());
  }
}
