/** Tables of any origin become datasets, as their recipe declares. */
package dev.lockstep.sharding.ingest.table;
