package dev.lockstep.trainer.worker;

import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.control.AttemptStart;
import dev.lockstep.trainer.control.WorkerReport;
import java.util.List;

/** Refuses workers whose arithmetic gives other bits. */
final class ArithmeticCheck {

  private ArithmeticCheck() {}

  /**
   * Compares the workers with each other, and with those that took the steps before.
   *
   * @throws TrainingException naming two that differ
   */
  static void requireSame(List<WorkerReport.Introduction> all, AttemptStart start) {
    WorkerReport.Introduction first = all.get(0);
    String before = start.fingerprintOrNull();
    if (before != null && !before.equals(first.fingerprint().sha256())) {
      throw new TrainingException(
          "numeric fingerprint "
              + first.fingerprint().description()
              + " of "
              + first.node()
              + " is not "
              + before
              + " of the machines that took the first "
              + start.step()
              + " steps: the model would depend on where it was made; go on with the same numeric"
              + " profile on like machines, or pass --allow-mixed-bits");
    }
    for (WorkerReport.Introduction other : all) {
      if (!other.fingerprint().sha256().equals(first.fingerprint().sha256())) {
        throw new TrainingException(
            "numeric fingerprint "
                + first.fingerprint().description()
                + " of "
                + first.node()
                + " != "
                + other.fingerprint().description()
                + " of "
                + other.node()
                + ": the model would depend on who computes what; start all executors with the"
                + " same numeric profile on like machines, or pass --allow-mixed-bits");
      }
    }
  }
}
