package dev.lockstep.trainer.report;

import static dev.lockstep.trainer.report.page.Page.text;

import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.Metrics;
import dev.lockstep.trainer.metrics.RunNote;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.metrics.WorkerThroughput;
import dev.lockstep.trainer.report.page.Chart;
import dev.lockstep.trainer.report.page.Page;
import dev.lockstep.trainer.report.page.Page.Figure;
import dev.lockstep.trainer.report.page.Page.Figures;
import dev.lockstep.trainer.report.page.Page.Table;
import dev.lockstep.trainer.report.page.Series;
import dev.lockstep.trainer.report.page.Series.Point;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * A run as its report shows it. Lives on the driver.
 *
 * @param title heading of the page
 * @param facts results, in the order shown: accuracy, time, {@code parametersSha256}, …
 * @param configuration names and values, in the order shown
 * @param metrics the curves
 * @param workers one row of a table each; may be empty
 * @param notes events of the run besides steps, one line each; may be empty
 */
public record TrainingReport(
    String title,
    Map<String, String> facts,
    Map<String, String> configuration,
    Metrics metrics,
    List<WorkerThroughput> workers,
    List<RunNote> notes) {

  /** Without workers and notes. */
  public TrainingReport(
      String title, Map<String, String> facts, Map<String, String> configuration, Metrics metrics) {
    this(title, facts, configuration, metrics, List.of(), List.of());
  }

  /** Copies the maps, keeping their order. */
  public TrainingReport {
    facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    configuration = Collections.unmodifiableMap(new LinkedHashMap<>(configuration));
    workers = List.copyOf(workers);
    notes = List.copyOf(notes);
  }

  /** The page of this run; {@code HtmlReport.render} makes it HTML. */
  public Page page() {
    List<Page.Section> sections = new ArrayList<>();
    Figures figures = figures();
    if (!figures.figures().isEmpty()) {
      sections.add(figures);
    }
    chart(
        sections,
        "Loss",
        "mean over examples",
        List.of(
            ofSteps("training, by step", StepMetrics::meanLoss),
            ofEpochs("training, by epoch", EpochMetrics::meanLoss),
            ofEpochs("validation", EpochMetrics::validationLoss),
            notesOn("events")));
    chart(
        sections,
        "Validation accuracy",
        "%",
        List.of(ofEpochs("validation", metrics -> 100 * metrics.validationAccuracy())));
    chart(
        sections,
        "Throughput",
        "examples a second",
        List.of(
            ofSteps("by step", StepMetrics::examplesPerSecond),
            ofEpochs("by epoch", EpochMetrics::examplesPerSecond)));
    chart(
        sections,
        "Gradient norm",
        "L2 norm before clipping",
        List.of(ofSteps("by step", StepMetrics::gradientNorm)));
    chart(sections, "Learning rate", "", List.of(ofSteps("by step", StepMetrics::learningRate)));
    if (!metrics.epochs().isEmpty()) {
      sections.add(epochTable());
    }
    if (!workers.isEmpty()) {
      sections.add(workerTable(workers));
    }
    if (!notes.isEmpty()) {
      sections.add(
          new Table(
              "Events",
              List.of("after step", ""),
              notes.stream().map(note -> List.of(text("%,d", note.step()), note.text())).toList()));
    }
    sections.add(pairs("Result", facts));
    sections.add(pairs("Configuration", configuration));
    return new Page(title, "", sections);
  }

  /** A dot on the curve of the loss for each event. */
  private Series notesOn(String name) {
    List<Point> points = new ArrayList<>();
    for (RunNote note : notes) {
      // The loss of the first step after it, on which the run went on.
      metrics.steps().stream()
          .filter(step -> step.step() > note.step())
          .findFirst()
          .ifPresent(step -> points.add(new Point(step.step(), step.meanLoss())));
    }
    return new Series(name, points, Series.Style.DOTS);
  }

  private Figures figures() {
    List<Figure> figures = new ArrayList<>();
    List<EpochMetrics> epochs = metrics.epochs();
    if (!epochs.isEmpty()) {
      EpochMetrics last = metrics.lastEpoch();
      if (Double.isFinite(last.validationAccuracy())) {
        figures.add(
            new Figure("validation accuracy", text("%.2f %%", 100 * last.validationAccuracy())));
      }
      figures.add(new Figure("training loss", text("%.4f", last.meanLoss())));
      figures.add(new Figure("epochs", text("%d", last.epoch())));
      figures.add(new Figure("steps", text("%,d", last.step())));
      if (Double.isFinite(last.examplesPerSecond())) {
        figures.add(new Figure("examples a second", text("%,.0f", last.examplesPerSecond())));
      }
      figures.add(new Figure("time", time(last.elapsedSeconds())));
    }
    return new Figures(figures);
  }

  private Table epochTable() {
    List<List<String>> rows = new ArrayList<>();
    for (EpochMetrics epoch : metrics.epochs()) {
      rows.add(
          List.of(
              text("%d", epoch.epoch()),
              text("%,d", epoch.step()),
              measured("%.5f", epoch.meanLoss()),
              measured("%.5f", epoch.validationLoss()),
              measured("%.2f %%", 100 * epoch.validationAccuracy()),
              measured("%,.0f", epoch.examplesPerSecond()),
              time(epoch.elapsedSeconds())));
    }
    return new Table(
        "Epochs",
        List.of(
            "epoch",
            "step",
            "training loss",
            "validation loss",
            "validation accuracy",
            "examples/s",
            "time"),
        rows);
  }

  /**
   * What each worker did, and how its compute thread spent the time.
   *
   * @param workers one row each
   */
  public static Table workerTable(List<WorkerThroughput> workers) {
    List<List<String>> rows = new ArrayList<>();
    for (WorkerThroughput one : workers) {
      rows.add(
          List.of(
              text("%d", one.worker()),
              text("%s on %s", one.executor(), one.host()),
              text("%d", one.virtualWorkers()),
              text("%,d", one.examples()),
              text("%,.0f", one.examplesPerSecond()),
              time(one.seconds().total()),
              share(one.seconds().gradients(), one),
              share(one.seconds().data(), one),
              share(one.seconds().parameters(), one),
              share(one.seconds().betweenRounds(), one)));
    }
    return new Table(
        "Workers",
        List.of(
            "worker",
            "executor",
            "virtual workers",
            "examples",
            "examples/s",
            "time",
            "gradients",
            "waiting for data",
            "waiting for parameters",
            "validating, saving"),
        rows);
  }

  private static String share(double seconds, WorkerThroughput of) {
    return measured("%.1f %%", 100 * seconds / of.seconds().total());
  }

  private static Table pairs(String title, Map<String, String> entries) {
    return new Table(
        title,
        List.of(),
        entries.entrySet().stream().map(e -> List.of(e.getKey(), e.getValue())).toList());
  }

  /** Adds a chart of those series that have points, if any has. */
  private static void chart(
      List<Page.Section> sections, String title, String yLabel, List<Series> series) {
    Series[] drawn = series.stream().filter(s -> !s.points().isEmpty()).toArray(Series[]::new);
    if (drawn.length > 0) {
      sections.add(Chart.lines(title, "step", yLabel, drawn));
    }
  }

  private Series ofSteps(String name, ToDoubleFunction<StepMetrics> value) {
    return Series.ofSteps(name, metrics, value);
  }

  /** Over steps, so that it lies beside what was recorded of steps. */
  private Series ofEpochs(String name, ToDoubleFunction<EpochMetrics> value) {
    return Series.of(name, metrics.epochs(), EpochMetrics::step, value);
  }

  private static String measured(String format, double value) {
    return Double.isNaN(value) ? "–" : text(format, value);
  }

  private static String time(double seconds) {
    if (!Double.isFinite(seconds)) {
      return "–";
    }
    if (seconds < 120) {
      return text("%.1f\u00a0s", seconds);
    }
    long whole = Math.round(seconds);
    return whole < 7_200
        ? text("%d\u00a0min %02d\u00a0s", whole / 60, whole % 60)
        : text("%d\u00a0h %02d\u00a0min", whole / 3_600, whole / 60 % 60);
  }
}
