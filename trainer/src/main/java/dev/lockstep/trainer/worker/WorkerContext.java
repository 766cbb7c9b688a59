package dev.lockstep.trainer.worker;

import dev.lockstep.ps.transport.ExecutorNode;
import dev.lockstep.trainer.control.DriverLink;
import dev.lockstep.trainer.control.WorkerAssignment;

/**
 * One worker of an attempt, and whom it talks to.
 *
 * @param number of the worker, from 0
 * @param firstOfJvm number of the first worker in this JVM, which saves the JVM's parameter shard
 */
record WorkerContext(
    WorkerAssignment assignment, int number, int firstOfJvm, DriverLink driver, ExecutorNode node) {

  boolean isFirstOfJvm() {
    return number == firstOfJvm;
  }
}
