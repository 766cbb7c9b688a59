package dev.lockstep.ps.transport.rpc;

/**
 * Bytes of messages moved through sockets; what stayed in memory is not in it.
 *
 * @param in received
 * @param out sent
 */
public record Transferred(long in, long out) {}
