/** The values of a sharded dataset: tensors, data shards and their manifest, micro-batches. */
package dev.lockstep.sharding;
