/**
 * The only room that knows DL4J: model files in, replicas that compute gradients, model files out.
 */
package dev.lockstep.trainer.model;
