/** Distributed evaluation of a model on a dataset. */
package dev.lockstep.trainer.evaluate;
