/** Data shards on any Hadoop file system: Arrow IPC files and their JSON manifest, read ahead. */
package dev.lockstep.sharding.store;
