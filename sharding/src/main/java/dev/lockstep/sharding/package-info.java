/**
 * The values of a sharded dataset: tensors, data shards and their manifest, the recipe that made
 * them, micro-batches.
 */
package dev.lockstep.sharding;
