/** Which elements of a gradient are sent now and which wait: sparse pushes with error feedback. */
package dev.lockstep.ps.compress;
