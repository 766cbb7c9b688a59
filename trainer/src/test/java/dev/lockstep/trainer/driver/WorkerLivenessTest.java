package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lockstep.trainer.control.WorkerReport;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WorkerLivenessTest {

  private final WorkerLiveness pulse = new WorkerLiveness(Duration.ofSeconds(10), 0);

  @Test
  void aSilentWorkerIsNamed() {
    pulse.accept(new WorkerReport.Alive(3, "1", "host-b"), seconds(1));
    lookEverySecond(1, 11);
    assertEquals(
        Optional.of("lost worker 3: executor 1 on host-b has been silent for 11 s"),
        pulse.silent(seconds(12)));
  }

  @Test
  void aWorkerThatHasLeftMayBeSilent() {
    pulse.accept(new WorkerReport.Alive(3, "1", "host-b"), seconds(1));
    pulse.accept(new WorkerReport.Left(3), seconds(2));
    lookEverySecond(2, 60);
  }

  @Test
  void aPauseOfTheDriverIsNotTheWorkers() {
    pulse.accept(new WorkerReport.Alive(3, "1", "host-b"), seconds(1));
    lookEverySecond(1, 5);
    assertEquals(Optional.empty(), pulse.silent(seconds(30)));
    lookEverySecond(31, 40);
  }

  private void lookEverySecond(int from, int to) {
    for (int second = from; second <= to; second++) {
      assertEquals(Optional.empty(), pulse.silent(seconds(second)), "second " + second);
    }
  }

  private static long seconds(int count) {
    return TimeUnit.SECONDS.toNanos(count);
  }
}
