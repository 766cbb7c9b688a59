/** Sparse examples in the LIBSVM text format. */
package dev.lockstep.sharding.ingest.libsvm;
