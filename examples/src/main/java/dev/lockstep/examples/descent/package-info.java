/** Optimizers by themselves, on functions that can be looked at: no data, no model. */
package dev.lockstep.examples.descent;
