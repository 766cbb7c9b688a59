/** Images and labels in the IDX format. */
package dev.lockstep.sharding.ingest.idx;
