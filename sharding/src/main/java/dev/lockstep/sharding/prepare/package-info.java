/** Rows as examples: parsing, the inferred schema, and the application of fitted transforms. */
package dev.lockstep.sharding.prepare;
