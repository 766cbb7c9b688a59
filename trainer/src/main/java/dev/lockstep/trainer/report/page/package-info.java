/** One HTML page of tables and charts that needs no network and no other file. */
package dev.lockstep.trainer.report.page;
