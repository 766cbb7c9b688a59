package dev.lockstep.ps.server;

import dev.lockstep.ps.optim.ModelState;

/**
 * A consistent copy of one parameter shard between two steps.
 *
 * @param shard index of the parameter shard
 * @param begin first element of θ in it
 * @param model its parameters and optimizer state
 * @param step optimizer steps taken
 */
public record ShardSnapshot(int shard, int begin, ModelState model, long step) {}
