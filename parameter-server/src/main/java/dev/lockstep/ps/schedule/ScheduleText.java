package dev.lockstep.ps.schedule;

import java.util.ArrayList;
import java.util.List;

/**
 * A schedule as a user writes it, in an option or a configuration file: {@code cosine(90epochs,
 * to=1e-5)}, {@code step(10epochs, gamma=0.5)}, {@code linear(500steps, from=0.1) > cosine}. Lives
 * on the driver; immutable.
 *
 * <pre>
 *   schedule := part { ">" part }                  one after another; each counts from its start
 *   part     := name [ "(" argument { "," argument } ")" ]
 *   argument := [ name "=" ] value                 the first parameter needs no name
 *   value    := number | length | word
 *   length   := whole number, then steps or epochs (or step, epoch)
 * </pre>
 *
 * <p>{@link #FORMS} lists the forms. A part counts, and so changes its value with, the unit of its
 * first length; {@code by=steps} makes it count steps where its lengths are given in epochs. {@code
 * for} is the length of a part: every part but the last needs one. Where {@code linear}, {@code
 * cosine}, {@code polynomial} and {@code onecycle} are last and have none, they take the rest of
 * the run, step by step. The base is the value that the optimizer was given, such as {@code lr};
 * {@code from} and {@code to} of {@code linear} and {@code onecycle} are parts of it, as in
 * PyTorch, and those of other forms are values.
 */
public final class ScheduleText {

  /** One line for each form: its parameters with their defaults, and its meaning. */
  public static final List<String> FORMS =
      List.of(
          "linear(for, from, to=1): a line between two parts of the base; warm-up",
          "constant(for, factor=1): the base times factor",
          "step(every, gamma=0.1): times gamma after each length",
          "multistep(at, at, ..., gamma=0.1): times gamma at each of these times",
          "exponential(gamma, by=epochs): times gamma each epoch or step",
          "cosine(for, to=0): half a cosine from the base to the value to",
          "restarts(first, multiply=1, to=0): cosines, each multiply times as long",
          "polynomial(for, power=1, to=0): from the base to the value to",
          "onecycle(for, rise=0.3, from=0.04, to=4e-6, anneal=cos|linear): up and down",
          "onecycle-momentum(for, rise=0.3, low=0.85, anneal=cos|linear): down and up",
          "invsqrt(warmup): straight up to the base, then 1/sqrt");

  private final List<ScheduleSegment> parts;

  private ScheduleText(List<ScheduleSegment> parts) {
    this.parts = List.copyOf(parts);
  }

  /**
   * Reads a text.
   *
   * @throws IllegalArgumentException naming what is wrong and the remedy
   */
  public static ScheduleText parse(String text) {
    List<ScheduleSegment> parts = new ArrayList<>();
    for (String part : text.split(">", -1)) {
      if (part.isBlank()) {
        throw new IllegalArgumentException(
            "schedule \""
                + text
                + "\" has an empty part: write one such as cosine, or linear(500steps, from=0.1) >"
                + " cosine");
      }
      parts.add(ScheduleSegment.parse(part.strip()));
    }
    parts.get(parts.size() - 1).requireLast();
    return new ScheduleText(parts);
  }

  /**
   * The schedule of a run, which counts from the run's first step.
   *
   * @param base the value that the optimizer was given
   * @throws IllegalArgumentException if the lengths do not fit the run, or values have no meaning
   */
  public Schedule schedule(double base, RunLength run) {
    List<ScheduleSequence.Part> sequence = new ArrayList<>();
    long steps = 0;
    for (int i = 0; i < parts.size(); i++) {
      ScheduleSegment part = parts.get(i);
      sequence.add(
          new ScheduleSequence.Part(
              run.firstIteration() + steps,
              run.firstEpoch() + Math.toIntExact(steps / run.stepsPerEpoch()),
              part.schedule(base, run, steps)));
      if (i + 1 < parts.size()) {
        steps = part.stepsBeforeNext(run, steps);
      }
    }
    ScheduleSequence.Part first = sequence.get(0);
    boolean plain = sequence.size() == 1 && first.iteration() == 0 && first.epoch() == 0;
    return plain ? first.schedule() : new ScheduleSequence(sequence);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ScheduleText text && parts.equals(text.parts);
  }

  @Override
  public int hashCode() {
    return parts.hashCode();
  }

  /** The canonical text, which {@link #parse} reads back. */
  @Override
  public String toString() {
    return String.join(" > ", parts.stream().map(ScheduleSegment::toString).toList());
  }
}
