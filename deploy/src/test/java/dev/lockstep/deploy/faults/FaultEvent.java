package dev.lockstep.deploy.faults;

/**
 * A fault that was injected.
 *
 * @param fault which one
 * @param process id of the process that met it
 * @param step of the run at which it was injected
 * @param millis when, since 1970, by the clock of the machine
 */
public record FaultEvent(Fault fault, long process, long step, long millis) {}
