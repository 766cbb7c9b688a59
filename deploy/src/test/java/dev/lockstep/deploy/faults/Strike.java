package dev.lockstep.deploy.faults;

/**
 * A fault that has struck.
 *
 * @param fault which one
 * @param process id of the process that met it
 * @param step of the run at which it struck
 * @param millis when, since 1970, by the clock of the machine
 */
public record Strike(Fault fault, long process, long step, long millis) {}
