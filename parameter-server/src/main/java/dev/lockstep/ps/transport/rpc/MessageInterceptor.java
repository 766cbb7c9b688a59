package dev.lockstep.ps.transport.rpc;

import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import org.apache.spark.SparkConf;

/**
 * Receives every message that crosses a socket in place of its receiver, and decides whether, when
 * and as which bytes it goes on. A hook for tests of faults; Lockstep has no implementation. What a
 * worker exchanges with the parameter shard of its own JVM crosses no socket.
 *
 * <p>Called on network and worker threads, by several at once; must not block.
 */
@FunctionalInterface
public interface MessageInterceptor {

  /** Where on its way a message is. */
  enum Moment {
    /** A request, in the JVM that asks, before it is written to the connection. */
    SENDING_REQUEST,
    /** A request, in the JVM that is asked, before it is handled. */
    HANDLING_REQUEST,
    /** An answer, in the JVM that was asked, after the request was handled. */
    SENDING_ANSWER
  }

  /**
   * A message on its way.
   *
   * @param moment where on its way
   * @param request the request, without its checksum; at {@link Moment#SENDING_ANSWER} the one that
   *     was answered
   * @param bytes the request or the answer, behind its checksum; not changed before it goes on
   * @param peer the other end of the connection
   * @param forward lets bytes go on; may be called later, on any thread, any number of times
   * @param reset ends the connection, and drops the message
   */
  record Intercepted(
      Moment moment,
      ByteBuffer request,
      ByteBuffer bytes,
      SocketAddress peer,
      Consumer<ByteBuffer> forward,
      Runnable reset) {}

  /** Decides what becomes of a message. */
  void intercept(Intercepted message);

  /**
   * Supplies the interceptor of a JVM that Spark configures: a {@link ServiceLoader} service, found
   * by the context class loader.
   */
  @FunctionalInterface
  interface Provider {
    /** The interceptor, if the settings ask for one. */
    Optional<MessageInterceptor> interceptor(SparkConf conf);
  }

  /** The first interceptor that a provider supplies. */
  static Optional<MessageInterceptor> installed(SparkConf conf) {
    return ServiceLoader.load(Provider.class, Thread.currentThread().getContextClassLoader())
        .stream()
        .flatMap(provider -> provider.get().interceptor(conf).stream())
        .findFirst();
  }
}
