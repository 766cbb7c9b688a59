package dev.lockstep.ps.transport.rpc;

/** Lockstep's settings among Spark's: what network and firewalls ask for. */
public enum SparkSetting {
  /** {@link TransportSettings.Endpoint#port}. */
  SERVER_PORT("spark.lockstep.ps.port", "any free port", "port of each parameter server"),
  /** Port of the driver's endpoint. */
  DRIVER_PORT("spark.lockstep.driver.port", "any free port", "port where workers report"),
  /** {@link TransportSettings.Times#pingEvery}. */
  PING_INTERVAL("spark.lockstep.ps.pingInterval", "1s", "time between two heartbeats"),
  /** {@link TransportSettings.Times#silence}. */
  PING_TIMEOUT(
      "spark.lockstep.ps.pingTimeout", "8s", "longest silence of a peer that is connected"),
  /** {@link TransportSettings.Times#waitBound}. */
  WAIT_TIMEOUT("spark.lockstep.ps.waitTimeout", "10m", "longest wait for an answer"),
  /** Of network-common. */
  CONNECTION_TIMEOUT(
      "spark.lockstep.io.connectionCreationTimeout", "10s", "longest wait for a connection"),
  /** Of network-common. */
  AUTHENTICATION_TIMEOUT("spark.lockstep.sasl.timeout", "10s", "longest wait for authentication"),
  /** Of network-common. */
  SERVER_THREADS("spark.lockstep.io.serverThreads", "2", "event loop threads of a server"),
  /** Of network-common. */
  CLIENT_THREADS("spark.lockstep.io.clientThreads", "2", "event loop threads of all clients");

  private final String key;
  private final String standard;
  private final String description;

  SparkSetting(String key, String standard, String description) {
    this.key = key;
    this.standard = standard;
    this.description = description;
  }

  /** The key in Spark's configuration. */
  public String key() {
    return key;
  }

  /** The default, as it is written. */
  public String standard() {
    return standard;
  }

  /** One line for the help. */
  public String description() {
    return description;
  }
}
