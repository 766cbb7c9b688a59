package dev.lockstep.ps.transport;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where one executor's node listens. Crosses between executors, where text is wanted as {@link
 * #text()}.
 *
 * @param jvmId names the JVM; tasks of one JVM have the same
 * @param host name or address that peers connect to
 * @param port bound port
 */
public record NodeAddress(String jvmId, String host, int port) implements Serializable {

  private static final Pattern TEXT = Pattern.compile("([^@\\s]+)@(\\S+):(\\d{1,5})");

  /** Checks the parts. */
  public NodeAddress {
    Objects.requireNonNull(jvmId, "jvmId");
    Objects.requireNonNull(host, "host");
    if (jvmId.isBlank() || host.isBlank() || port < 1 || port > 65_535) {
      throw new IllegalArgumentException(
          "node address '"
              + jvmId
              + "'@'"
              + host
              + "':"
              + port
              + " needs a JVM id, a host and a port in [1, 65535]");
    }
  }

  /** {@code jvmId@host:port}, for a rendezvous by text. */
  public String text() {
    return jvmId + "@" + host + ":" + port;
  }

  /** The address written by {@link #text()}. */
  public static NodeAddress parse(String text) {
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException("node address '" + text + "': expected jvmId@host:port");
    }
    return new NodeAddress(parts.group(1), parts.group(2), Integer.parseInt(parts.group(3)));
  }

  /**
   * The roster of an attempt: what all tasks announced, in task order, each JVM once. The position
   * in it is the parameter shard.
   */
  public static List<NodeAddress> roster(List<NodeAddress> announced) {
    return announced.stream().distinct().toList();
  }

  @Override
  public String toString() {
    return "JVM " + jvmId + " at " + host + ":" + port;
  }
}
