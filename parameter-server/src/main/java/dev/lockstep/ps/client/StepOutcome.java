package dev.lockstep.ps.client;

/**
 * What a finished step added up to, over all virtual workers.
 *
 * @param examples examples used
 * @param lossSum sum of their losses, in tree order
 * @param gradientNorm L2 norm of the mean gradient before clipping; NaN where the plan needs none
 */
public record StepOutcome(long examples, double lossSum, double gradientNorm) {}
