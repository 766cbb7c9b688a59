package dev.lockstep.ps.server;

/**
 * What came with a frame of θ. The same for every frame of a step.
 *
 * @param examples examples of the step over all virtual workers
 * @param lossSum sum of their losses, taken in tree order
 * @param gradientNorm L2 norm of the mean gradient before clipping, NaN where the plan needs none
 */
public record PullReply(long examples, double lossSum, double gradientNorm) {}
