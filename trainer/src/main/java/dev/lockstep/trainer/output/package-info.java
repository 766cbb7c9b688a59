/** A run's folder: the record of a finished run and its files, on any Hadoop file system. */
package dev.lockstep.trainer.output;
