/**
 * How columns become tensors: the declared recipe, the inferred schema and the fitted transforms.
 */
package dev.lockstep.sharding.prepare;
