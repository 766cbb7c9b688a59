/** Gradient clipping and normalization, and the norms they need. */
package dev.lockstep.ps.clip;
