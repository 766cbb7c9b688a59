package dev.lockstep.ps.schedule;

import dev.lockstep.ps.schedule.Schedule.Clock;
import dev.lockstep.ps.schedule.ScheduleForm.Length;
import dev.lockstep.ps.schedule.ScheduleParameter.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One part of a schedule's text: a form and the values given to it.
 *
 * @param given canonical values by parameter name, in the form's order; several for {@link
 *     Kind#SPANS}
 */
record ScheduleSegment(ScheduleForm form, Map<String, List<String>> given) {

  ScheduleSegment {
    Map<String, List<String>> ordered = new LinkedHashMap<>();
    for (ScheduleParameter parameter : form.parameters()) {
      List<String> values = given.get(parameter.name());
      if (values != null) {
        ordered.put(parameter.name(), List.copyOf(values));
      } else if (parameter.ifAbsent() == null) {
        throw new IllegalArgumentException(
            where(form) + parameter.name() + " is not given: write " + example(form));
      }
    }
    given = Collections.unmodifiableMap(ordered);
  }

  private static String where(ScheduleForm form) {
    return "schedule " + form.text() + ": ";
  }

  private static String example(ScheduleForm form) {
    ScheduleParameter first = form.parameters().get(0);
    return switch (first.kind()) {
      case SPANS -> form.text() + "(30epochs, 60epochs)";
      case SPAN ->
          form == ScheduleForm.LINEAR
              ? form.text() + "(500steps, from=0.1)"
              : form.text() + "(10epochs)";
      default -> form.text() + "(0.95)";
    };
  }

  /**
   * Reads {@code name(argument, …)}.
   *
   * @throws IllegalArgumentException naming the value and the remedy
   */
  static ScheduleSegment parse(String text) {
    CallText call = CallText.parse("schedule", text);
    ScheduleForm form = form(call.name());
    Map<String, List<String>> given = new LinkedHashMap<>();
    call.arguments().forEach(argument -> add(form, argument, given));
    return new ScheduleSegment(form, given);
  }

  private static ScheduleForm form(String name) {
    List<String> names = new ArrayList<>();
    for (ScheduleForm form : ScheduleForm.values()) {
      if (form.text().equals(name)) {
        return form;
      }
      names.add(form.text());
    }
    throw new IllegalArgumentException(
        "schedule \"" + name + "\" is not known: give one of " + String.join(", ", names));
  }

  private static void add(
      ScheduleForm form, CallText.Argument argument, Map<String, List<String>> given) {
    ScheduleParameter parameter =
        argument.name() == null ? form.parameters().get(0) : named(form, argument.name());
    String value = parameter.canonical(where(form), argument.value());
    List<String> values = given.computeIfAbsent(parameter.name(), absent -> new ArrayList<>());
    if (!values.isEmpty() && parameter.kind() != Kind.SPANS) {
      throw new IllegalArgumentException(
          where(form)
              + parameter.name()
              + " is given twice, as "
              + values.get(0)
              + " and "
              + value
              + ": name each argument once, as name=value");
    }
    values.add(value);
  }

  private static ScheduleParameter named(ScheduleForm form, String name) {
    return form.parameters().stream()
        .filter(parameter -> parameter.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    where(form)
                        + "it has no "
                        + name
                        + ": give "
                        + String.join(
                            ", ",
                            form.parameters().stream().map(ScheduleParameter::name).toList())));
  }

  /**
   * The schedule, for the value that the optimizer was given.
   *
   * @param stepsBefore steps of the run before this part
   */
  Schedule schedule(double base, RunLength run, long stepsBefore) {
    Clock clock = clock();
    Arguments arguments = new Arguments(clock, length(clock, run, stepsBefore), run);
    return form.build(base, arguments);
  }

  /**
   * Steps of the run before the next part.
   *
   * @throws IllegalArgumentException if the part has no length
   */
  long stepsBeforeNext(RunLength run, long stepsBefore) {
    ScheduleDuration span =
        span("for")
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        where(form)
                            + "it has no length, and another part follows: add for=, such as"
                            + " for=500steps or for=30epochs"));
    return span.clock() == Clock.ITERATION
        ? stepsBefore + span.count()
        : (stepsBefore / run.stepsPerEpoch() + span.count()) * run.stepsPerEpoch();
  }

  /**
   * Refuses a length that changes nothing.
   *
   * @throws IllegalArgumentException if the part, being the last, does not depend on its length
   */
  void requireLast() {
    if (form.length() == Length.ONLY_BEFORE_OTHERS && given.containsKey("for")) {
      throw new IllegalArgumentException(
          where(form)
              + "for="
              + given.get("for").get(0)
              + " has no effect in the last part: leave it out, or add another part with >");
    }
  }

  private Clock clock() {
    if (given.containsKey("by")) {
      return given.get("by").get(0).equals("steps") ? Clock.ITERATION : Clock.EPOCH;
    }
    for (ScheduleParameter parameter : form.parameters()) {
      if (parameter.kind() == Kind.SPAN || parameter.kind() == Kind.SPANS) {
        if (given.containsKey(parameter.name())) {
          return ScheduleDuration.parse("", given.get(parameter.name()).get(0)).clock();
        }
      }
    }
    return form == ScheduleForm.EXPONENTIAL ? Clock.EPOCH : Clock.ITERATION;
  }

  private Optional<ScheduleDuration> span(String parameter) {
    return Optional.ofNullable(given.get(parameter))
        .map(values -> ScheduleDuration.parse("", values.get(0)));
  }

  /** Given, or the rest of the run. */
  private long length(Clock clock, RunLength run, long stepsBefore) {
    Optional<ScheduleDuration> span = span("for");
    if (span.isPresent()) {
      return span.get().ticks(clock, run);
    }
    long steps = run.steps() - stepsBefore;
    if (form.length() == Length.SHAPES_IT && steps < 1) {
      throw new IllegalArgumentException(
          where(form)
              + "it begins after "
              + stepsBefore
              + " steps, but the run has "
              + run.steps()
              + ": shorten the parts before it, or raise --epochs");
    }
    return clock == Clock.ITERATION ? steps : run.epochs() - stepsBefore / run.stepsPerEpoch();
  }

  private final class Arguments implements ScheduleForm.Arguments {
    private final Clock clock;
    private final long length;
    private final RunLength run;

    Arguments(Clock clock, long length, RunLength run) {
      this.clock = clock;
      this.length = length;
      this.run = run;
    }

    @Override
    public Clock clock() {
      return clock;
    }

    @Override
    public long length() {
      return length;
    }

    @Override
    public double number(String parameter) {
      return Double.parseDouble(word(parameter));
    }

    @Override
    public String word(String parameter) {
      List<String> values = given.get(parameter);
      return values == null ? named(form, parameter).ifAbsent() : values.get(0);
    }

    @Override
    public long ticks(String parameter) {
      return allTicks(parameter).get(0);
    }

    @Override
    public List<Long> allTicks(String parameter) {
      return given.get(parameter).stream()
          .map(text -> ScheduleDuration.parse("", text).ticks(clock, run))
          .toList();
    }
  }

  /** The canonical text, which {@link #parse} reads back. */
  @Override
  public String toString() {
    List<CallText.Argument> arguments = new ArrayList<>();
    String first = form.parameters().get(0).name();
    given.forEach(
        (name, values) ->
            values.forEach(
                value ->
                    arguments.add(new CallText.Argument(name.equals(first) ? null : name, value))));
    return new CallText(form.text(), arguments).toString();
  }
}
