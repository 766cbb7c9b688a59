/**
 * What decides the bits of a gradient besides Lockstep: native libraries, threads, kernels, and the
 * fingerprint that shows it.
 */
package dev.lockstep.trainer.numeric;
