/** CSV files as a table. */
package dev.lockstep.sharding.ingest.csv;
