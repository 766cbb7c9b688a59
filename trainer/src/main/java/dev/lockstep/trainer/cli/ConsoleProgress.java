package dev.lockstep.trainer.cli;

import dev.lockstep.trainer.driver.TrainingObserver;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.StepMetrics;
import dev.lockstep.trainer.report.TrainingProgress;
import java.io.PrintWriter;

/** Shows a training on the console. Used by the driver's thread. */
public final class ConsoleProgress implements TrainingObserver, AutoCloseable {

  private final PrintWriter console;
  private TrainingProgress progress;

  /** Prints nothing before the training starts. */
  public ConsoleProgress(PrintWriter console) {
    this.console = console;
  }

  @Override
  public void starting(String description) {
    console.println(description);
    console.flush();
  }

  @Override
  public void started(int servers, long totalSteps, int totalEpochs) {
    progress =
        new TrainingProgress(
            TrainingProgress.Style.ofConsole(), totalSteps, totalEpochs, System.out);
  }

  @Override
  public void step(StepMetrics metrics) {
    progress.step(metrics);
  }

  @Override
  public void epoch(EpochMetrics metrics) {
    progress.epoch(metrics);
  }

  @Override
  public void endsEarly(int epoch, String reason) {
    console.println("ends after epoch " + epoch + ": " + reason);
    console.flush();
  }

  @Override
  public void warning(String text) {
    console.println("warning: " + text);
    console.flush();
  }

  @Override
  public void restarting(String why, long step) {
    console.println(why);
    console.println(step == 0 ? "restarting from the beginning" : "restarting after step " + step);
    console.flush();
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
      progress = null;
    }
  }
}
