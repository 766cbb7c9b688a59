/** How predictions are scored: sums over examples that are joined in a fixed order. */
package dev.lockstep.trainer.score;
