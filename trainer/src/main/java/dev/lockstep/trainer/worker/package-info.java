/** The executor's side of an attempt. */
package dev.lockstep.trainer.worker;
