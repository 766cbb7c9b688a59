/**
 * What workers and parameter servers exchange: pushes, pulls and norms as values, the rules of an
 * attempt, and the interfaces of the two ends. Free of transport.
 */
package dev.lockstep.ps.protocol;
