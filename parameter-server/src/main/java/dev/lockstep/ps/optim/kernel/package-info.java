/**
 * The arithmetic of optimizers: element loops over a tile of a parameter shard, written so that
 * HotSpot compiles them to vector instructions. Pure functions of arrays and scalars.
 */
package dev.lockstep.ps.optim.kernel;
