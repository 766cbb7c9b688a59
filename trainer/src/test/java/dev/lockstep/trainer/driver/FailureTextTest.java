package dev.lockstep.trainer.driver;

import static dev.lockstep.trainer.control.WorkerReport.Outlook.MAY_PASS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.model.replica.NumericFingerprint;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailureTextTest {

  private static final WorkerReport.Started STARTED =
      new WorkerReport.Started(
          1,
          "7",
          "jvm-b",
          "host-b",
          new NumericFingerprint("bits", "avx2", "natives", "blas", "cpu", "c"));

  @Test
  void theFirstReasonThatAWorkerGaveIsTold() {
    assertEquals(
        "training failed: worker 1 (executor 7 on host-b): no space left on device",
        FailureText.of(
            List.of(STARTED),
            List.of(
                new WorkerReport.Failed(1, "7", "host-b", "no space left on device", MAY_PASS),
                new WorkerReport.Failed(0, "6", "host-a", "lost JVM jvm-b", MAY_PASS)),
            new RuntimeException("Job aborted due to stage failure: whatever")));
  }

  @Test
  void aLostExecutorIsNamedWithItsHost() {
    assertEquals(
        "training failed: lost executor 7 (JVM jvm-b on host-b): Command exited with code 137",
        FailureText.of(
            List.of(STARTED),
            List.of(),
            new RuntimeException(
                "Job aborted due to stage failure: ResultTask(0, 1) failed.\n"
                    + "ExecutorLostFailure (executor 7 exited caused by one of the running tasks)"
                    + " Reason: Command exited with code 137\nDriver stacktrace:")));
  }

  @Test
  void withoutAReportTheTasksOwnExceptionIsTold() {
    assertEquals(
        "training failed: this executor cannot reach the driver",
        FailureText.of(
            List.of(),
            List.of(),
            new RuntimeException(
                "Job aborted due to stage failure: Could not recover from a failed barrier"
                    + " ResultStage. Most recent failure reason: Stage failed because barrier task"
                    + " ResultTask(0, 1) finished unsuccessfully.\n"
                    + "java.io.IOException: this executor cannot reach the driver\n"
                    + "\tat dev.lockstep.Somewhere")));
    assertEquals(
        "part-0.arrow block 3: CRC32C",
        FailureText.causeIn(
            "Job aborted due to stage failure: Task 0 in stage 1.0 failed 1 times, most recent"
                + " failure: Lost task 0.0 in stage 1.0 (TID 3) (localhost executor driver):"
                + " java.io.IOException: part-0.arrow block 3: CRC32C\n\tat x"));
  }
}
