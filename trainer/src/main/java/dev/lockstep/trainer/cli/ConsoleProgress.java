package dev.lockstep.trainer.cli;

import dev.lockstep.trainer.report.EpochMetrics;
import dev.lockstep.trainer.report.StepMetrics;
import dev.lockstep.trainer.report.TrainingProgress;
import dev.lockstep.trainer.spark.TrainingObserver;
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
  public void started(String description, long totalSteps, int totalEpochs) {
    console.println(description);
    console.flush();
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
  public void close() {
    if (progress != null) {
      progress.close();
      progress = null;
    }
  }
}
