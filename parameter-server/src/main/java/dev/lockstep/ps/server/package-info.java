/** One parameter shard: aggregation, versions, exactly-once. */
package dev.lockstep.ps.server;
