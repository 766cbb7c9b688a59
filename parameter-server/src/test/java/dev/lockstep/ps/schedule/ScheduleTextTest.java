package dev.lockstep.ps.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.ps.schedule.PyTorchSchedule.OneCycle.Anneal;
import dev.lockstep.ps.schedule.Schedule.Clock;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTextTest {

  /** 90 epochs of 100 steps. */
  private static final RunLength RUN = new RunLength(0, 0, 100, 90);

  @Test
  void everyFormHasItsText() {
    assertEquals(Schedule.fixed(0.05), schedule("constant(factor=0.5)"));
    assertEquals(
        new Dl4jSchedule.Step(Clock.EPOCH, 0.1, 0.5, 10),
        schedule("step(every=10epochs,gamma=0.5)"));
    assertEquals(
        new PyTorchSchedule.MultiStep(Clock.EPOCH, 0.1, 0.1, List.of(30L, 60L)),
        schedule("multistep(30epochs, 60epochs)"));
    assertEquals(
        new Dl4jSchedule.Exponential(Clock.EPOCH, 0.1, 0.95), schedule("exponential(0.95)"));
    assertEquals(
        new PyTorchSchedule.Cosine(Clock.EPOCH, 0.1, 1e-5, 90),
        schedule("cosine(90epochs,to=1e-5)"));
    assertEquals(
        new PyTorchSchedule.CosineRestarts(Clock.EPOCH, 0.1, 0, 10, 2),
        schedule("restarts(10epochs, multiply=2)"));
    assertEquals(
        new PyTorchSchedule.PolynomialDecay(Clock.ITERATION, 0.1, 0, 400, 2),
        schedule("polynomial(for=400steps, power=2)"));
    assertEquals(
        new PyTorchSchedule.Linear(Clock.ITERATION, 0.1, 0.1, 1, 500),
        schedule("linear(from=0.1, for=500steps)"));
    assertEquals(
        new PyTorchSchedule.OneCycle(
            Clock.ITERATION, 0.1 * 0.04, 0.1, 0.1 * 4e-6, 9000, 0.3, Anneal.COS),
        schedule("onecycle"));
    assertEquals(
        new PyTorchSchedule.OneCycle(Clock.EPOCH, 0.1, 0.85, 0.1, 90, 0.4, Anneal.LINEAR),
        schedule("onecycle-momentum(90epochs, rise=0.4, anneal=linear)"));
    assertEquals(
        new PyTorchSchedule.InverseSqrt(Clock.ITERATION, 0.1, 4000),
        schedule("invsqrt(4000steps)"));
  }

  @Test
  void partsFollowOneAnotherWhateverTheyCount() {
    assertEquals(
        new ScheduleSequence(
            List.of(
                new ScheduleSequence.Part(
                    0, 0, new PyTorchSchedule.Linear(Clock.ITERATION, 0.1, 0.1, 1, 550)),
                new ScheduleSequence.Part(
                    550, 5, new PyTorchSchedule.PolynomialDecay(Clock.EPOCH, 0.1, 0, 3, 1)),
                new ScheduleSequence.Part(
                    800, 8, new PyTorchSchedule.Cosine(Clock.ITERATION, 0.1, 0, 8200)))),
        schedule("linear(550steps, from=0.1) > polynomial(3epochs) > cosine"));
  }

  @Test
  void epochsMayBeCountedStepByStep() {
    assertEquals(
        new PyTorchSchedule.Cosine(Clock.ITERATION, 0.1, 0, 9000),
        schedule("cosine(90epochs, by=steps)"));
  }

  @Test
  void countsFromTheFirstStepOfARunThatGoesOn() {
    Schedule schedule =
        ScheduleText.parse("step(10epochs, gamma=0.5)").schedule(1, new RunLength(700, 7, 100, 90));
    assertEquals(1, schedule.at(1600, 16));
    assertEquals(0.5, schedule.at(1700, 17));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          cosine( for=90epochs , to=1e-5 ) | cosine(90epochs, to=1e-5)
          step(every=1epoch, gamma=0.50)   | step(1epochs, gamma=0.5)
          multistep(at=3epochs,7epochs)    | multistep(3epochs, 7epochs)
          linear(from=.1,for=5steps)>cosine | linear(5steps, from=0.1) > cosine
          onecycle(anneal=linear, to=0)    | onecycle(to=0, anneal=linear)
          exponential(0.95, by=steps)      | exponential(0.95, by=steps)
          invsqrt(warmup=4000steps)        | invsqrt(4000steps)
          """)
  void printsACanonicalTextThatReadsBack(String text, String canonical) {
    ScheduleText parsed = ScheduleText.parse(text);
    assertEquals(canonical, parsed.toString());
    assertEquals(parsed, ScheduleText.parse(canonical));
    assertEquals(parsed.hashCode(), ScheduleText.parse(canonical).hashCode());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          cosin | schedule "cosin" is not known: give one of constant, linear, step, multistep, \
          exponential, cosine, restarts, polynomial, onecycle, onecycle-momentum, invsqrt
          cosine(90) | schedule cosine: for=90 is not a length: give one such as 500steps or 30epochs
          cosine(0steps) | schedule cosine: for=0steps < 1: give at least 1
          cosine(1epoch,for=2epochs) | schedule cosine: for is given twice, as 1epochs and 2epochs: \
          name each argument once, as name=value
          cosine(end=1) | schedule cosine: it has no end: give for, to, by
          cosine(90epochs | schedule "cosine(90epochs" is not of the form name(argument, ...): end it \
          with one )
          step(gamma=0.1) | schedule step: every is not given: write step(10epochs)
          step(3epochs,gamma=x) | schedule step: gamma=x is not a number: give one such as 0.1 or 1e-5
          step(3epochs,for=2epochs) | schedule step: for=2epochs has no effect in the last part: leave \
          it out, or add another part with >
          cosine > | schedule "cosine >" has an empty part: write one such as cosine, or \
          linear(500steps, from=0.1) > cosine
          restarts(3epochs,multiply=1.5) | schedule restarts: multiply=1.5 is not a whole number >= 1: \
          give one such as 2
          onecycle(anneal=sin) | schedule onecycle: anneal=sin is neither cos nor linear: give one of \
          them
          cosine > step(3epochs) | schedule cosine: it has no length, and another part follows: add \
          for=, such as for=500steps or for=30epochs
          step(100steps,by=epochs) | schedule length 100steps cannot be counted by epochs: give epochs, \
          or by=steps
          linear(9000steps,from=0.1) > cosine | schedule cosine: it begins after 9000 steps, but the \
          run has 9000: shorten the parts before it, or raise --epochs
          polynomial(power=-1) | schedule power=-1.0 must be > 0
          """)
  void refusalsNameTheValueAndTheRemedy(String text, String message) {
    assertEquals(
        message, assertThrows(IllegalArgumentException.class, () -> schedule(text)).getMessage());
  }

  @Test
  void theListOfFormsIsComplete() {
    List<String> described =
        ScheduleText.FORMS.stream()
            .map(line -> line.substring(0, line.indexOf('(')))
            .sorted()
            .toList();
    List<String> known =
        Arrays.stream(ScheduleForm.values()).map(ScheduleForm::text).sorted().toList();
    assertEquals(known, described);
  }

  private static Schedule schedule(String text) {
    return ScheduleText.parse(text).schedule(0.1, RUN);
  }
}
