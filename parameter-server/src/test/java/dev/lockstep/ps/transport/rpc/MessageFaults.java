package dev.lockstep.ps.transport.rpc;

/** Chooses the fault of each message. */
@FunctionalInterface
public interface MessageFaults {

  /** The fault of a message. Called by several threads at once; must not block. */
  MessageFault faultOf(WireMessage message);
}
