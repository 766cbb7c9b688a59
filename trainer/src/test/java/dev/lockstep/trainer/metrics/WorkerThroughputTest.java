package dev.lockstep.trainer.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class WorkerThroughputTest {

  @Test
  void attemptsOfATaskAddUpAndThoseOfOthersDoNot() {
    WorkerThroughput one =
        new WorkerThroughput(1, "0", "a", 2, 100, new WorkerThroughput.Seconds(4, 2, 0.5, 1, 0.25));
    WorkerThroughput both =
        one.plus(
            new WorkerThroughput(
                1, "0", "a", 2, 60, new WorkerThroughput.Seconds(1, 0.5, 0, 0.25, 0)));
    assertEquals(
        new WorkerThroughput(
            1, "0", "a", 2, 160, new WorkerThroughput.Seconds(5, 2.5, 0.5, 1.25, 0.25)),
        both);
    assertEquals(32, both.examplesPerSecond());
    WorkerThroughput elsewhere =
        new WorkerThroughput(1, "3", "b", 2, 100, new WorkerThroughput.Seconds(4, 2, 0.5, 1, 0.25));
    assertEquals(
        "worker=1 on executor=0 of a and worker=1 on executor=3 of b: add those of one",
        assertThrows(IllegalArgumentException.class, () -> one.plus(elsewhere)).getMessage());
  }
}
