/** DL4J networks built from definitions: blocks of θ, update rules, optimizer state. */
package dev.lockstep.trainer.model.network;
