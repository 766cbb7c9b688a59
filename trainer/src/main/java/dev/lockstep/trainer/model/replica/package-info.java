/**
 * Replicas: DL4J networks that compute gradients, losses and predictions, and the checks that they
 * can.
 */
package dev.lockstep.trainer.model.replica;
