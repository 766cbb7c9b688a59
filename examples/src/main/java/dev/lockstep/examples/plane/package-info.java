/** A paraboloid from noisy samples: optimizers and schedules against each other. */
package dev.lockstep.examples.plane;
