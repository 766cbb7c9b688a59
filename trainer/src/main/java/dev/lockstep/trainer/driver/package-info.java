/** The driver: preflight, the barrier stage, distributed evaluation. */
package dev.lockstep.trainer.driver;
