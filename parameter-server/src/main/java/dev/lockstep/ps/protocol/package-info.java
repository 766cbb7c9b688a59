/**
 * What workers and parameter servers say to each other: values, and the interfaces of the two ends.
 */
package dev.lockstep.ps.protocol;
