/** Streams of micro-batches, read ahead from data shards in the order of an epoch plan. */
package dev.lockstep.sharding.read;
