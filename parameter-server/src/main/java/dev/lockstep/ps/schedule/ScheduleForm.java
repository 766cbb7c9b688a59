package dev.lockstep.ps.schedule;

import dev.lockstep.ps.schedule.PyTorchSchedule.OneCycle.Anneal;
import dev.lockstep.ps.schedule.Schedule.Clock;
import dev.lockstep.ps.schedule.ScheduleParameter.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The forms that a schedule's text may name, each with its parameters and what it stands for. */
enum ScheduleForm {
  CONSTANT(Length.ONLY_BEFORE_OTHERS, ScheduleParameter.FOR, number("factor", "1")) {
    @Override
    Schedule build(double base, Arguments given) {
      return Schedule.fixed(base * given.number("factor"));
    }
  },
  LINEAR(Length.SHAPES_IT, ScheduleParameter.FOR, number("from", null), number("to", "1")) {
    @Override
    Schedule build(double base, Arguments given) {
      return new PyTorchSchedule.Linear(
          given.clock(), base, given.number("from"), given.number("to"), given.length());
    }
  },
  STEP(Length.ONLY_BEFORE_OTHERS, span("every"), number("gamma", "0.1"), ScheduleParameter.FOR) {
    @Override
    Schedule build(double base, Arguments given) {
      return new Dl4jSchedule.Step(
          given.clock(), base, given.number("gamma"), given.ticks("every"));
    }
  },
  MULTISTEP(
      Length.ONLY_BEFORE_OTHERS,
      new ScheduleParameter("at", Kind.SPANS, null),
      number("gamma", "0.1"),
      ScheduleParameter.FOR) {
    @Override
    Schedule build(double base, Arguments given) {
      return new PyTorchSchedule.MultiStep(
          given.clock(), base, given.number("gamma"), given.allTicks("at"));
    }
  },
  EXPONENTIAL(Length.ONLY_BEFORE_OTHERS, number("gamma", null), ScheduleParameter.FOR) {
    @Override
    Schedule build(double base, Arguments given) {
      return new Dl4jSchedule.Exponential(given.clock(), base, given.number("gamma"));
    }
  },
  COSINE(Length.SHAPES_IT, ScheduleParameter.FOR, number("to", "0")) {
    @Override
    Schedule build(double base, Arguments given) {
      return new PyTorchSchedule.Cosine(given.clock(), base, given.number("to"), given.length());
    }
  },
  RESTARTS(
      Length.ONLY_BEFORE_OTHERS,
      span("first"),
      new ScheduleParameter("multiply", Kind.COUNT, "1"),
      number("to", "0"),
      ScheduleParameter.FOR) {
    @Override
    Schedule build(double base, Arguments given) {
      return new PyTorchSchedule.CosineRestarts(
          given.clock(),
          base,
          given.number("to"),
          given.ticks("first"),
          (int) given.number("multiply"));
    }
  },
  POLYNOMIAL(Length.SHAPES_IT, ScheduleParameter.FOR, number("power", "1"), number("to", "0")) {
    @Override
    Schedule build(double base, Arguments given) {
      return new PyTorchSchedule.PolynomialDecay(
          given.clock(), base, given.number("to"), given.length(), given.number("power"));
    }
  },
  ONECYCLE(
      Length.SHAPES_IT,
      ScheduleParameter.FOR,
      number("rise", "0.3"),
      number("from", "0.04"),
      number("to", "4e-6"),
      ScheduleParameter.ANNEAL) {
    @Override
    Schedule build(double base, Arguments given) {
      return new PyTorchSchedule.OneCycle(
          given.clock(),
          base * given.number("from"),
          base,
          base * given.number("to"),
          given.length(),
          given.number("rise"),
          anneal(given));
    }
  },
  ONECYCLE_MOMENTUM(
      Length.SHAPES_IT,
      ScheduleParameter.FOR,
      number("rise", "0.3"),
      number("low", "0.85"),
      ScheduleParameter.ANNEAL) {
    @Override
    Schedule build(double base, Arguments given) {
      return new PyTorchSchedule.OneCycle(
          given.clock(),
          base,
          given.number("low"),
          base,
          given.length(),
          given.number("rise"),
          anneal(given));
    }
  },
  INVSQRT(Length.ONLY_BEFORE_OTHERS, span("warmup"), ScheduleParameter.FOR) {
    @Override
    Schedule build(double base, Arguments given) {
      return new PyTorchSchedule.InverseSqrt(given.clock(), base, given.ticks("warmup"));
    }
  };

  /** What the length of a part means. */
  enum Length {
    /** The shape is stretched to it; the rest of the run where it is not given. */
    SHAPES_IT,
    /** It is the time at which the next part begins. */
    ONLY_BEFORE_OTHERS
  }

  /** The values given to one part, or the parameters' defaults, read for one run. */
  interface Arguments {

    /** What the part counts. */
    Clock clock();

    /** Its length in times of its clock. */
    long length();

    double number(String parameter);

    String word(String parameter);

    /** A length in times of the part's clock. */
    long ticks(String parameter);

    List<Long> allTicks(String parameter);
  }

  private final Length length;

  @SuppressWarnings("ImmutableEnumChecker") // The list is immutable.
  private final List<ScheduleParameter> parameters;

  /** The first parameter needs no name in the text. */
  ScheduleForm(Length length, ScheduleParameter... own) {
    this.length = length;
    ScheduleParameter[] all = Arrays.copyOf(own, own.length + 1);
    all[own.length] = ScheduleParameter.BY;
    this.parameters = List.of(all);
  }

  /** The schedule, for the value that an optimizer was given. */
  abstract Schedule build(double base, Arguments given);

  /** As it is written. */
  String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  Length length() {
    return length;
  }

  List<ScheduleParameter> parameters() {
    return parameters;
  }

  private static ScheduleParameter number(String name, String ifAbsent) {
    return new ScheduleParameter(name, Kind.NUMBER, ifAbsent);
  }

  private static ScheduleParameter span(String name) {
    return new ScheduleParameter(name, Kind.SPAN, null);
  }

  private static Anneal anneal(Arguments given) {
    return given.word("anneal").equals("linear") ? Anneal.LINEAR : Anneal.COS;
  }
}
