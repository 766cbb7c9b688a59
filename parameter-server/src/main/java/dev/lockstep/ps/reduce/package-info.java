/** The fixed pairwise tree in which every sum is taken. Frozen once released. */
package dev.lockstep.ps.reduce;
