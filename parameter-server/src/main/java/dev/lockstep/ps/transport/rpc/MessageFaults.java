package dev.lockstep.ps.transport.rpc;

/**
 * Brings faults into the transport. For tests of faults only: off unless {@code
 * spark.lockstep.ps.faults} names a class that implements this and has a public constructor with a
 * {@link org.apache.spark.SparkConf}, or {@link TransportSettings#withFaults} gives one. The class
 * is loaded with the context class loader, so it may come from {@code spark.jars}.
 *
 * <p>Sees every message that goes through a socket, in each JVM that has the setting: executors and
 * driver. What a worker exchanges with the parameter shard of its own JVM goes through no socket. A
 * node, and a connection to the driver, has an instance of its own.
 *
 * <p>May also end its own JVM, at just the message that it is asked about.
 */
@FunctionalInterface
public interface MessageFaults {

  /** No faults. */
  MessageFaults NONE = message -> MessageFault.PASS;

  /**
   * What becomes of a message. Called on network and worker threads, by several at once; must not
   * block.
   */
  MessageFault fate(WireMessage message);
}
