/** Options of the commands in groups, and what each group makes of a configuration. */
package dev.lockstep.trainer.cli.options;
