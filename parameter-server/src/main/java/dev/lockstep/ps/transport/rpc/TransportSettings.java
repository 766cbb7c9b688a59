package dev.lockstep.ps.transport.rpc;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.netty.SparkTransportConf;
import org.apache.spark.network.sasl.SecretKeyHolder;
import org.apache.spark.network.util.JavaUtils;
import org.apache.spark.network.util.MapConfigProvider;
import org.apache.spark.network.util.TransportConf;
import scala.Option;

/**
 * How this JVM listens and connects to others. Lives in the JVM it describes; not serialized.
 *
 * @param endpoint where this JVM listens
 * @param conf of network-common, module {@code lockstep}
 * @param authentication Spark's, where {@code spark.authenticate} is on
 * @param times bounds of waits
 * @param interceptor receives every message first; in tests of faults only
 */
public record TransportSettings(
    Endpoint endpoint,
    TransportConf conf,
    Optional<Authentication> authentication,
    Times times,
    Optional<MessageInterceptor> interceptor) {

  /** Prefix of network-common's settings: {@code spark.lockstep.io.mode} and so on. */
  public static final String MODULE = "lockstep";

  /** Event loop threads of a server, and of the clients of a node. */
  private static final int LOOP_THREADS = Integer.parseInt(SparkSetting.SERVER_THREADS.standard());

  private static final String PORT_KEY = SparkSetting.SERVER_PORT.key();
  private static final String PING_KEY = SparkSetting.PING_INTERVAL.key();
  private static final String SILENCE_KEY = SparkSetting.PING_TIMEOUT.key();
  private static final String WAIT_KEY = SparkSetting.WAIT_TIMEOUT.key();
  private static final String CONNECT_KEY = SparkSetting.CONNECTION_TIMEOUT.key();
  private static final String AUTHENTICATE_KEY = SparkSetting.AUTHENTICATION_TIMEOUT.key();
  private static final String TLS_KEY = "spark.ssl.rpc.enabled";
  private static final String CONNECT_DEFAULT = SparkSetting.CONNECTION_TIMEOUT.standard();
  private static final Times TIMES_DEFAULT =
      new Times(
          standard(SparkSetting.PING_INTERVAL),
          standard(SparkSetting.PING_TIMEOUT),
          standard(SparkSetting.WAIT_TIMEOUT));

  /** Checks that nothing is missing. */
  public TransportSettings {
    Objects.requireNonNull(endpoint, "endpoint");
    Objects.requireNonNull(conf, "conf");
    Objects.requireNonNull(authentication, "authentication");
    Objects.requireNonNull(times, "times");
    Objects.requireNonNull(interceptor, "interceptor");
  }

  /**
   * Where a JVM listens.
   *
   * @param bindHost interface to listen on
   * @param host what peers connect to
   * @param port to listen on; 0 for any free one
   */
  public record Endpoint(String bindHost, String host, int port) {
    /** Checks the range. */
    public Endpoint {
      Objects.requireNonNull(bindHost, "bindHost");
      Objects.requireNonNull(host, "host");
      if (port < 0 || port > 65_535) {
        throw new IllegalArgumentException(PORT_KEY + "=" + port + " must be in [0, 65535]");
      }
    }
  }

  /**
   * Bounds of waits.
   *
   * @param pingEvery interval between two pings of a peer
   * @param silence a peer that has not answered for this long is lost
   * @param waitBound longest wait for a step or a peer
   */
  public record Times(Duration pingEvery, Duration silence, Duration waitBound) {
    /** Checks the relations. */
    public Times {
      if (pingEvery.isNegative() || pingEvery.isZero() || silence.compareTo(pingEvery) <= 0) {
        throw new IllegalArgumentException(
            "%s=%s <= %s=%s: a peer needs time for at least one answer"
                .formatted(SILENCE_KEY, silence, PING_KEY, pingEvery));
      }
      if (waitBound.compareTo(silence) <= 0) {
        throw new IllegalArgumentException(
            "%s=%s <= %s=%s: lost peers must be noticed before waits time out"
                .formatted(WAIT_KEY, waitBound, SILENCE_KEY, silence));
      }
    }
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
        new Endpoint(
            driver ? conf.get("spark.driver.bindAddress", host) : host,
            host,
            conf.getInt(PORT_KEY, 0)),
        SparkTransportConf.fromSparkConf(
            conf, MODULE, LOOP_THREADS, Option.empty(), Option.apply(security.getRpcSSLOptions())),
        security.isAuthenticationEnabled()
            ? Optional.of(new Authentication(security.getSaslUser(), security))
            : Optional.empty(),
        new Times(
            duration(conf, PING_KEY, TIMES_DEFAULT.pingEvery()),
            duration(conf, SILENCE_KEY, TIMES_DEFAULT.silence()),
            duration(conf, WAIT_KEY, TIMES_DEFAULT.waitBound())),
        MessageInterceptor.installed(conf));
  }

  /** Unauthenticated settings on the loopback interface, for JVMs without Spark. */
  public static TransportSettings loopback() {
    return new TransportSettings(
        new Endpoint("127.0.0.1", "127.0.0.1", 0),
        conf(Map.of()),
        Optional.empty(),
        TIMES_DEFAULT,
        Optional.empty());
  }

  /** The same with Spark's authentication, and encryption as the Spark settings say. */
  public TransportSettings withAuthentication(Authentication who, Map<String, String> spark) {
    return new TransportSettings(endpoint, conf(spark), Optional.of(who), times, interceptor);
  }

  /** The same with other bounds of waits. */
  public TransportSettings withTimes(Times newTimes) {
    return new TransportSettings(endpoint, conf, authentication, newTimes, interceptor);
  }

  /** The same with another bound on a peer's silence. */
  public TransportSettings withSilence(Duration silence) {
    return withTimes(new Times(times.pingEvery(), silence, times.waitBound()));
  }

  /** The same with another port to listen on; 0 for any free one. */
  public TransportSettings withPort(int port) {
    return new TransportSettings(
        new Endpoint(endpoint.bindHost(), endpoint.host(), port),
        conf,
        authentication,
        times,
        interceptor);
  }

  /** The same with an interceptor. */
  public TransportSettings withInterceptor(MessageInterceptor newInterceptor) {
    return new TransportSettings(
        endpoint, conf, authentication, times, Optional.of(newInterceptor));
  }

  /** Whether connections are encrypted with TLS, and not as {@code spark.network.crypto} says. */
  boolean encryptsWithTls() {
    // TransportConf.sslRpcEnabled is not in Spark 3.5.
    return Boolean.parseBoolean(conf.get(TLS_KEY, "false"));
  }

  private static TransportConf conf(Map<String, String> spark) {
    Map<String, String> all = new HashMap<>(spark);
    all.putIfAbsent(SparkSetting.SERVER_THREADS.key(), SparkSetting.SERVER_THREADS.standard());
    all.putIfAbsent(SparkSetting.CLIENT_THREADS.key(), SparkSetting.CLIENT_THREADS.standard());
    all.putIfAbsent(CONNECT_KEY, CONNECT_DEFAULT);
    all.putIfAbsent(AUTHENTICATE_KEY, CONNECT_DEFAULT);
    return new TransportConf(MODULE, new MapConfigProvider(all));
  }

  private static Duration standard(SparkSetting setting) {
    return Duration.ofMillis(JavaUtils.timeStringAs(setting.standard(), TimeUnit.MILLISECONDS));
  }

  private static Duration duration(SparkConf conf, String key, Duration standard) {
    return Duration.ofMillis(conf.getTimeAsMs(key, standard.toMillis() + "ms"));
  }
}
