/**
 * Faults for the tests of the whole: which JVM of a cluster fails, at which moment of a training.
 * Crosses to the executors in the jar of the tests.
 */
package dev.lockstep.deploy.faults;
