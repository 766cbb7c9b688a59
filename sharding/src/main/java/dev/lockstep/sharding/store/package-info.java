/** Data shards on any Hadoop file system: Arrow IPC files, their JSON manifest, atomic writes. */
package dev.lockstep.sharding.store;
