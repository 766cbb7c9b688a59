package dev.lockstep.ps.transport.rpc;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.netty.SparkTransportConf;
import org.apache.spark.network.sasl.SecretKeyHolder;
import org.apache.spark.network.util.MapConfigProvider;
import org.apache.spark.network.util.TransportConf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;

/**
 * How nodes of this JVM talk to others. Lives where the JVM is; not serialised.
 *
 * @param bindHost where to listen
 * @param host what peers connect to
 * @param port to listen on; 0 for any free one
 * @param conf of network-common, module {@code lockstep}
 * @param authentication Spark's, where {@code spark.authenticate} is on
 * @param pingEvery how often each peer is asked whether it lives
 * @param silence without an answer for this long, a peer is lost
 * @param waitBound longest wait for a step or a peer
 * @param faults what befalls messages; {@link MessageFaults#NONE} outside tests
 */
public record TransportSettings(
    String bindHost,
    String host,
    int port,
    TransportConf conf,
    Optional<Authentication> authentication,
    Duration pingEvery,
    Duration silence,
    Duration waitBound,
    MessageFaults faults) {

  private static final Logger LOG = LoggerFactory.getLogger(TransportSettings.class);

  /** Prefix of network-common's settings: {@code spark.lockstep.io.mode} and so on. */
  public static final String MODULE = "lockstep";

  /** Event loop threads of a server, and of the clients of a node. */
  private static final int LOOP_THREADS = 2;

  private static final String PORT_KEY = "spark.lockstep.ps.port";
  private static final String PING_KEY = "spark.lockstep.ps.pingInterval";
  private static final String SILENCE_KEY = "spark.lockstep.ps.pingTimeout";
  private static final String WAIT_KEY = "spark.lockstep.ps.waitTimeout";
  private static final String FAULTS_KEY = "spark.lockstep.ps.faults";
  private static final String CONNECT_KEY = "spark.lockstep.io.connectionCreationTimeout";
  private static final String AUTHENTICATE_KEY = "spark.lockstep.sasl.timeout";
  private static final String TLS_KEY = "spark.ssl.rpc.enabled";
  private static final String CONNECT_DEFAULT = "10s";
  private static final Duration PING_DEFAULT = Duration.ofSeconds(1);
  private static final Duration SILENCE_DEFAULT = Duration.ofSeconds(8);
  private static final Duration WAIT_DEFAULT = Duration.ofMinutes(10);

  /** Checks the relations. */
  public TransportSettings {
    Objects.requireNonNull(bindHost, "bindHost");
    Objects.requireNonNull(host, "host");
    Objects.requireNonNull(conf, "conf");
    Objects.requireNonNull(authentication, "authentication");
    Objects.requireNonNull(faults, "faults");
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException(PORT_KEY + "=" + port + " must be in [0, 65535]");
    }
    if (pingEvery.isNegative() || pingEvery.isZero() || silence.compareTo(pingEvery) <= 0) {
      throw new IllegalArgumentException(
          SILENCE_KEY
              + "="
              + silence
              + " <= "
              + PING_KEY
              + "="
              + pingEvery
              + ": a peer needs time for at least one answer");
    }
    if (waitBound.compareTo(silence) <= 0) {
      throw new IllegalArgumentException(
          WAIT_KEY
              + "="
              + waitBound
              + " <= "
              + SILENCE_KEY
              + "="
              + silence
              + ": lost peers must be noticed before waits time out");
    }
  }

  /** Without faults. */
  public TransportSettings(
      String bindHost,
      String host,
      int port,
      TransportConf conf,
      Optional<Authentication> authentication,
      Duration pingEvery,
      Duration silence,
      Duration waitBound) {
    this(
        bindHost,
        host,
        port,
        conf,
        authentication,
        pingEvery,
        silence,
        waitBound,
        MessageFaults.NONE);
  }

  /**
   * Who we are to Spark's authentication.
   *
   * @param user SASL user
   * @param keys where its secret is
   */
  public record Authentication(String user, SecretKeyHolder keys) {}

  /** The settings of the executor (or driver) that this is called in. */
  public static TransportSettings of(SparkEnv env) {
    SparkConf conf = env.conf().clone();
    conf.setIfMissing(CONNECT_KEY, CONNECT_DEFAULT);
    conf.setIfMissing(AUTHENTICATE_KEY, CONNECT_DEFAULT);
    var security = env.securityManager();
    String host = env.blockManager().blockManagerId().host();
    boolean driver = env.blockManager().blockManagerId().isDriver();
    return new TransportSettings(
        driver ? conf.get("spark.driver.bindAddress", host) : host,
        host,
        conf.getInt(PORT_KEY, 0),
        SparkTransportConf.fromSparkConf(
            conf, MODULE, LOOP_THREADS, Option.empty(), Option.apply(security.getRpcSSLOptions())),
        security.isAuthenticationEnabled()
            ? Optional.of(new Authentication(security.getSaslUser(), security))
            : Optional.empty(),
        duration(conf, PING_KEY, PING_DEFAULT),
        duration(conf, SILENCE_KEY, SILENCE_DEFAULT),
        duration(conf, WAIT_KEY, WAIT_DEFAULT),
        faults(conf));
  }

  /** Unauthenticated settings on the loopback interface, for JVMs without Spark. */
  public static TransportSettings loopback() {
    return new TransportSettings(
        "127.0.0.1",
        "127.0.0.1",
        0,
        conf(Map.of()),
        Optional.empty(),
        PING_DEFAULT,
        SILENCE_DEFAULT,
        WAIT_DEFAULT);
  }

  /** The same with Spark's authentication, and encryption as the Spark settings say. */
  public TransportSettings withAuthentication(Authentication who, Map<String, String> spark) {
    return new TransportSettings(
        bindHost, host, port, conf(spark), Optional.of(who), pingEvery, silence, waitBound, faults);
  }

  /** The same with other times. */
  public TransportSettings withTimes(Duration newPing, Duration newSilence, Duration newWait) {
    return new TransportSettings(
        bindHost, host, port, conf, authentication, newPing, newSilence, newWait, faults);
  }

  /** The same with another port to listen on; 0 for any free one. */
  public TransportSettings withPort(int newPort) {
    return new TransportSettings(
        bindHost, host, newPort, conf, authentication, pingEvery, silence, waitBound, faults);
  }

  /** The same with faults, for tests of what they do. */
  public TransportSettings withFaults(MessageFaults newFaults) {
    return new TransportSettings(
        bindHost, host, port, conf, authentication, pingEvery, silence, waitBound, newFaults);
  }

  /** Whether connections are encrypted with TLS, and not as {@code spark.network.crypto} says. */
  boolean encryptsWithTls() {
    // TransportConf.sslRpcEnabled is not in Spark 3.5.
    return Boolean.parseBoolean(conf.get(TLS_KEY, "false"));
  }

  private static TransportConf conf(Map<String, String> spark) {
    Map<String, String> all = new HashMap<>(spark);
    all.putIfAbsent("spark.lockstep.io.serverThreads", Integer.toString(LOOP_THREADS));
    all.putIfAbsent("spark.lockstep.io.clientThreads", Integer.toString(LOOP_THREADS));
    all.putIfAbsent(CONNECT_KEY, CONNECT_DEFAULT);
    all.putIfAbsent(AUTHENTICATE_KEY, CONNECT_DEFAULT);
    return new TransportConf(MODULE, new MapConfigProvider(all));
  }

  private static MessageFaults faults(SparkConf conf) {
    String name = conf.get(FAULTS_KEY, "");
    if (name.isEmpty()) {
      return MessageFaults.NONE;
    }
    try {
      MessageFaults faults =
          Class.forName(name, true, Thread.currentThread().getContextClassLoader())
              .asSubclass(MessageFaults.class)
              .getConstructor(SparkConf.class)
              .newInstance(conf);
      LOG.warn("{}={}: messages are at its mercy", FAULTS_KEY, name);
      return faults;
    } catch (ReflectiveOperationException | ClassCastException e) {
      throw new IllegalArgumentException(
          FAULTS_KEY
              + "="
              + name
              + " is not a MessageFaults with a public constructor of a SparkConf ("
              + e
              + "): unset it, it is for tests of faults only",
          e);
    }
  }

  private static Duration duration(SparkConf conf, String key, Duration standard) {
    return Duration.ofMillis(conf.getTimeAsMs(key, standard.toMillis() + "ms"));
  }
}
