/** Moves chunks between a worker and a server: in memory, or over Spark's network-common. */
package dev.lockstep.ps.transport;
