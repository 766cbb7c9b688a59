/** Learning-rate and momentum schedules, evaluated with StrictMath. */
package dev.lockstep.ps.schedule;
