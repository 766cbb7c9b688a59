package dev.lockstep.trainer.report;

import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.StepMetrics;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Shows on a console how a training comes along: a bar that redraws itself on a terminal, plain
 * lines elsewhere. Lives on the driver; for use by one thread at a time.
 */
public final class TrainingProgress implements AutoCloseable {

  /** How progress is shown. */
  public enum Style {
    /** A bar that redraws itself: needs a terminal. */
    BAR,
    /** One line an epoch, and one every ten seconds in between. */
    LINES,
    /** Nothing. */
    NONE;

    /** A bar if this process writes to a terminal, plain lines if not. */
    @SuppressWarnings("SystemConsoleNull")
    public static Style ofConsole() {
      String terminal = System.getenv("TERM");
      boolean drawable = terminal != null && !"dumb".equals(terminal);
      // Null as soon as standard input or output is redirected; from Java 22 on only with
      // -Djdk.console=java.base, which the launcher sets.
      return drawable && System.console() != null ? BAR : LINES;
    }
  }

  private static final Duration LINE_EVERY = Duration.ofSeconds(10);

  private final PrintStream out;
  private final Style style;
  private final long totalSteps;
  private final int totalEpochs;
  private final ProgressBar bar;
  private long printedAt = System.nanoTime();

  /**
   * Starts at nothing done.
   *
   * @param totalSteps steps of the whole run
   * @param totalEpochs epochs of the whole run
   * @param out where to; not closed
   */
  public TrainingProgress(Style style, long totalSteps, int totalEpochs, PrintStream out) {
    this.style = Objects.requireNonNull(style, "style");
    this.out = Objects.requireNonNull(out, "out");
    this.totalSteps = totalSteps;
    this.totalEpochs = totalEpochs;
    this.bar = style == Style.BAR ? bar(totalSteps, out) : null;
  }

  /** Shows a step; one that is behind what was shown already moves the bar back. */
  public void step(StepMetrics metrics) {
    if (style == Style.BAR) {
      bar.setExtraMessage(
          "%s  epoch %d/%d".formatted(rates(metrics), metrics.epoch() + 1, totalEpochs));
      bar.stepTo(metrics.step());
    } else if (style == Style.LINES && System.nanoTime() - printedAt >= LINE_EVERY.toNanos()) {
      print(
          "step %,d/%,d  epoch %d/%d  %s"
              .formatted(
                  metrics.step(), totalSteps, metrics.epoch() + 1, totalEpochs, rates(metrics)));
    }
  }

  /** Shows a completed epoch. */
  public void epoch(EpochMetrics metrics) {
    if (style == Style.BAR) {
      bar.stepTo(metrics.step());
    } else if (style == Style.LINES) {
      StringBuilder line =
          new StringBuilder(
              String.format(
                  Locale.ROOT,
                  "epoch %d/%d  loss %.4f",
                  metrics.epoch(),
                  totalEpochs,
                  metrics.meanLoss()));
      if (!Double.isNaN(metrics.validationLoss())) {
        line.append(String.format(Locale.ROOT, "  validation %.4f", metrics.validationLoss()));
      }
      if (!Double.isNaN(metrics.validationAccuracy())) {
        line.append(
            String.format(Locale.ROOT, "  accuracy %.2f %%", 100 * metrics.validationAccuracy()));
      }
      if (!Double.isNaN(metrics.examplesPerSecond())) {
        line.append(String.format(Locale.ROOT, "  %,.0f examples/s", metrics.examplesPerSecond()));
      }
      print(line.toString());
    }
  }

  /** Takes the bar down, leaving its last state on the screen. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }

  private void print(String line) {
    out.println(line);
    out.flush();
    printedAt = System.nanoTime();
  }

  private static String rates(StepMetrics metrics) {
    String loss = String.format(Locale.ROOT, "loss %.4f", metrics.meanLoss());
    return Double.isNaN(metrics.examplesPerSecond())
        ? loss
        : loss + String.format(Locale.ROOT, "  %,.0f/s", metrics.examplesPerSecond());
  }

  private static ProgressBar bar(long totalSteps, PrintStream out) {
    return new ProgressBarBuilder()
        .setTaskName("train")
        .setInitialMax(totalSteps)
        .setStyle(ProgressBarStyle.UNICODE_BLOCK)
        .setUpdateIntervalMillis(250)
        .setConsumer(new ConsoleProgressBarConsumer(out))
        .build();
  }
}
