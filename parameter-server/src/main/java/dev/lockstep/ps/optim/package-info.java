/** Optimizers and regularization as fused passes over ranges of a parameter shard. */
package dev.lockstep.ps.optim;
