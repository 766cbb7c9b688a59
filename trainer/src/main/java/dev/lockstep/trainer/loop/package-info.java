/** A worker's loop over interfaces; no Spark. */
package dev.lockstep.trainer.loop;
