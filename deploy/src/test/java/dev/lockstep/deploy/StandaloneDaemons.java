package dev.lockstep.deploy;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.launcher.JavaModuleOptions;

/**
 * A standalone master and its workers on the loopback interface, each in a JVM of its own. For use
 * by one thread. Close it: what it started is killed, with the executors.
 */
final class StandaloneDaemons implements AutoCloseable {

  private final Path folder;
  private final String master;
  private final Map<String, Process> processes = new LinkedHashMap<>();

  private StandaloneDaemons(Path folder, int port) {
    this.folder = folder;
    this.master = "spark://127.0.0.1:" + port;
  }

  /**
   * Starts the master, then the workers, and waits for all.
   *
   * @param folder of logs and working directories
   * @param workers the names of the workers, with the variables of their environments
   */
  static StandaloneDaemons start(Path folder, Map<String, Map<String, String>> workers)
      throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    StandaloneDaemons cluster = new StandaloneDaemons(folder, port);
    try {
      cluster.startDaemon(
          "master",
          Map.of(),
          "org.apache.spark.deploy.master.Master",
          "--host",
          "127.0.0.1",
          "--port",
          Integer.toString(port),
          "--webui-port",
          "0");
      cluster.awaitLog("master", "Starting Spark master");
      for (Map.Entry<String, Map<String, String>> worker : workers.entrySet()) {
        cluster.launchWorker(worker.getKey(), worker.getValue());
      }
      workers.keySet().forEach(cluster::awaitWorker);
    } catch (IOException | RuntimeException e) {
      cluster.close();
      throw e;
    }
    return cluster;
  }

  /** What a Spark context connects to. */
  String master() {
    return master;
  }

  /** Starts a worker and waits until the master knows it. */
  void startWorker(String name) throws IOException {
    launchWorker(name, Map.of());
    awaitWorker(name);
  }

  /** A worker of one core. */
  private void launchWorker(String name, Map<String, String> environment) throws IOException {
    startDaemon(
        name,
        environment,
        "org.apache.spark.deploy.worker.Worker",
        "--host",
        "127.0.0.1",
        "--cores",
        "1",
        "--memory",
        "3g",
        "--webui-port",
        "0",
        "--work-dir",
        folder.resolve("work-" + name).toString(),
        master);
  }

  private void awaitWorker(String name) {
    awaitLog(name, "Successfully registered with master");
  }

  /** Kills a worker and its executors at once, as when their machine is gone. */
  void killWorker(String name) {
    kill(processes.get(name));
  }

  @Override
  public void close() {
    processes.values().forEach(StandaloneDaemons::kill);
  }

  private static void kill(Process process) {
    List<ProcessHandle> all = new ArrayList<>(List.of(process.toHandle()));
    process.descendants().forEach(all::add);
    all.forEach(ProcessHandle::destroyForcibly);
    all.forEach(one -> one.onExit().join());
  }

  private void startDaemon(String name, Map<String, String> environment, String... main)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(JavaModuleOptions.defaultModuleOptions().split(" ")));
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(List.of("-Xmx512m", "-cp", System.getenv("SPARK_HOME") + "/jars/*"));
    command.addAll(List.of(main));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.redirectErrorStream(true).redirectOutput(log(name).toFile());
    processes.put(name, builder.start());
  }

  private Path log(String name) {
    return folder.resolve(name + ".log");
  }

  private void awaitLog(String name, String text) {
    await(name + " says: " + text)
        .atMost(Duration.ofMinutes(1))
        .until(() -> Files.exists(log(name)) && Files.readString(log(name)).contains(text));
  }
}
