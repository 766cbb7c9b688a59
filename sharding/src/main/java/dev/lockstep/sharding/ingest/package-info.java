/** Spark jobs that write data of many formats as data shards. */
package dev.lockstep.sharding.ingest;
