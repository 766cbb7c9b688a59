/** Tables of any origin, written as datasets as their recipe declares. */
package dev.lockstep.sharding.ingest.table;
