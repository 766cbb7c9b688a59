/** What people look at: metrics log, progress bar, HTML report. */
package dev.lockstep.trainer.report;
