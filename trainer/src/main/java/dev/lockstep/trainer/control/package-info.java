/** Messages between the driver and the workers of an attempt, and their two ends. */
package dev.lockstep.trainer.control;
