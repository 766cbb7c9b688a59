/** The lockstep commands. */
package dev.lockstep.trainer.cli;
