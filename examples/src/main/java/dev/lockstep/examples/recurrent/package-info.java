/** Sequences. */
package dev.lockstep.examples.recurrent;
