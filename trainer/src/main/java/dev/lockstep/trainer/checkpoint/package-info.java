/**
 * Snapshots of the parameter shards on any Hadoop file system: shard files first, manifest last.
 */
package dev.lockstep.trainer.checkpoint;
