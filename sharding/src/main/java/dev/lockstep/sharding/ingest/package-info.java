/** Spark jobs that turn the formats people have into data shards. */
package dev.lockstep.sharding.ingest;
