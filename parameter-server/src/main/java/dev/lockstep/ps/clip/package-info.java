/** Gradient clipping and normalisation, and the norms they need. */
package dev.lockstep.ps.clip;
