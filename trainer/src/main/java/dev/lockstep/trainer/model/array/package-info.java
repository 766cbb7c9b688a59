/** ND4J arrays: bulk copies of their memory, and the format in which ND4J saves them. */
package dev.lockstep.trainer.model.array;
