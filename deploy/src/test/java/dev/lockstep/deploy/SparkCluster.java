package dev.lockstep.deploy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * The Spark of the integration tests, on {@code local[n]}, {@code local-cluster[n,cores,megabytes]}
 * or the master of {@link StandaloneDaemons}: executors get the shaded jar and the test classes by
 * {@code spark.jars}, and the numeric profile of this JVM's environment. One at a time in a JVM;
 * close it.
 */
final class SparkCluster implements AutoCloseable {

  /** The variables of the numeric profile, which must be in a JVM's environment from its start. */
  static final List<String> PROFILE_VARIABLES =
      List.of("OMP_NUM_THREADS", "OPENBLAS_CORETYPE", "DNNL_MAX_CPU_ISA");

  private final SparkSession session;

  private SparkCluster(SparkSession session) {
    this.session = session;
  }

  /** Spark on a master. */
  static SparkCluster start(String master) {
    return start(master, Map.of());
  }

  /** Spark on a master with further settings. */
  static SparkCluster start(String master, Map<String, String> settings) {
    Map<String, String> profile = new HashMap<>();
    for (String variable : PROFILE_VARIABLES) {
      if (System.getenv(variable) != null) {
        profile.put(variable, System.getenv(variable));
      }
    }
    return startWithProfileOf(profile, master, settings);
  }

  /** A cluster whose executors' environment is given these variables and no others. */
  static SparkCluster startWithProfileOf(
      Map<String, String> variables, String master, Map<String, String> settings) {
    SparkConf conf =
        new SparkConf(false)
            .setMaster(master)
            .setAppName("lockstep-test")
            .set("spark.jars", String.join(",", jars()))
            .set("spark.ui.enabled", "false")
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1")
            // A JVM that lives for a minute spends most of it in the optimizing compiler.
            .set("spark.executor.extraJavaOptions", "-XX:TieredStopAtLevel=1")
            .set("spark.locality.wait", "0")
            // A job must not start, and fill, the executor that happens to register first.
            .set("spark.scheduler.minRegisteredResourcesRatio", "1.0")
            .set("spark.scheduler.maxRegisteredResourcesWaitingTime", "60s")
            .set("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s")
            .set("spark.barrier.sync.timeout", "60")
            .set("spark.sql.shuffle.partitions", "2");
    variables.forEach((name, value) -> conf.set("spark.executorEnv." + name, value));
    settings.forEach(conf::set);
    return new SparkCluster(SparkSession.builder().config(conf).getOrCreate());
  }

  /** The session; its context is {@link #context}. */
  SparkSession session() {
    return session;
  }

  /** The context; stopped by {@link #close}. */
  JavaSparkContext context() {
    return JavaSparkContext.fromSparkContext(session.sparkContext());
  }

  /** The processes of the executors that this JVM, or a process that it started, has started. */
  static List<ProcessHandle> executors() {
    return ProcessHandle.current().descendants().filter(SparkCluster::isExecutor).toList();
  }

  /** Whether a process is a Spark executor. */
  static boolean isExecutor(ProcessHandle process) {
    return process.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend");
  }

  @Override
  public void close() {
    session.stop();
  }

  private static List<String> jars() {
    List<String> jars = new ArrayList<>();
    for (String property : List.of("lockstep.jar", "lockstep.natives", "lockstep.testJar")) {
      String jar = System.getProperty(property);
      if (jar == null) {
        throw new IllegalStateException(
            property + " is not set: run integration tests by `mvnw verify`, which packages first");
      }
      jars.add(jar);
    }
    return jars;
  }
}
