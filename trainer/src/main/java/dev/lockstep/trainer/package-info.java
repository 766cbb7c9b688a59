/** The facade: {@code Lockstep.train}. */
package dev.lockstep.trainer;
