/**
 * What a run will do, computed before it starts: mode, phases, optimizers, memory, identity. Pure
 * functions.
 */
package dev.lockstep.trainer.plan;
