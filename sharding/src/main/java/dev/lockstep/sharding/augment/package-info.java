/**
 * Changes to training examples on their way into micro-batches: each a function of (seed, epoch,
 * the example's place in the dataset) alone, so that neither shuffle nor cluster alters it.
 */
package dev.lockstep.sharding.augment;
