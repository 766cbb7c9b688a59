/** Pushing gradients to and pulling parameters from all parameter shards. */
package dev.lockstep.ps.client;
