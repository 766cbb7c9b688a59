/** What is recorded of a run while it trains: steps, epochs and notes, and the log file of them. */
package dev.lockstep.trainer.metrics;
