package dev.lockstep.ps.protocol;

/**
 * What a completed step added up to, over all virtual workers.
 *
 * @param step steps taken before it
 * @param total examples, their losses in tree order, and whose gradient was not finite: the step
 *     was skipped then (in mode {@code async}, that push)
 * @param gradientNorm L2 norm of the mean gradient before clipping; NaN unless the plan clips by
 *     the global norm, be it an infinite one, and for a skipped step
 */
public record StepOutcome(long step, Contribution total, double gradientNorm) {}
