/** Runnable experiments, made to be copied. */
package dev.lockstep.examples;
