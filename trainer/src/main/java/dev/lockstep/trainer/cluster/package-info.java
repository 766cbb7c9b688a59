/**
 * The Spark-specific parts of a training: barrier stage, task slots, preflight checks and
 * diagnosis.
 */
package dev.lockstep.trainer.cluster;
