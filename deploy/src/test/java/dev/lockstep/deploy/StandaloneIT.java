package dev.lockstep.deploy;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.Dataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.InitialModel;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.spark.TrainingException;
import dev.lockstep.trainer.spark.TrainingResult;
import dev.lockstep.trainer.spark.UnfitSparkException;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.launcher.JavaModuleOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A standalone cluster whose two workers were started in different environments. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class StandaloneIT {

  private static final Pattern NODE = Pattern.compile("JVM \\S+ at 127\\.0\\.0\\.1:\\d+");

  @TempDir private Path folder;
  private Dataset dataset;
  private String master;
  private final List<Process> processes = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    dataset = DigitShards.write(folder.resolve("data"), 437);
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    master = "spark://127.0.0.1:" + port;
    launch(
        "master",
        Map.of(),
        "org.apache.spark.deploy.master.Master",
        "--host",
        "127.0.0.1",
        "--port",
        Integer.toString(port),
        "--webui-port",
        "0");
    awaitLog("master", "Starting Spark master");
    startWorker("haswell", Map.of("OPENBLAS_CORETYPE", "Haswell"));
    startWorker("prescott", Map.of("OPENBLAS_CORETYPE", "Prescott"));
  }

  @AfterEach
  void stop() throws InterruptedException {
    for (Process process : processes) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void aProfileThatFollowsTheMachineIsRefusedWithBothExecutorsNamed() {
    try (TestCluster cluster =
        TestCluster.startWithProfileOf(Map.of("OMP_NUM_THREADS", "1"), master, small())) {
      TrainingException refused =
          assertThrows(
              TrainingException.class, () -> train(cluster, c -> c.numericProfile("native")));
      Matcher nodes = NODE.matcher(refused.getMessage());
      assertTrue(refused.getMessage().contains("numeric fingerprint "), refused.getMessage());
      assertTrue(nodes.find(), refused.getMessage());
      String first = nodes.group();
      assertTrue(nodes.find(), refused.getMessage());
      assertTrue(!first.equals(nodes.group()), refused.getMessage());
      assertTrue(refused.getMessage().endsWith("or pass --allow-mixed-bits"), refused.getMessage());
    }
  }

  @Test
  void theDefaultProfileGivesTheBitsOfOneLocalCoreWhateverTheWorkersEnvironments()
      throws IOException {
    TrainingResult apart;
    try (TestCluster cluster = TestCluster.start(master, small())) {
      apart = train(cluster, c -> c.workers(2));
    }
    TrainingResult here;
    try (TestCluster cluster = TestCluster.start("local[1]")) {
      here = train(cluster, c -> c);
    }
    assertEquals(2, apart.servers());
    assertEquals(here.parametersSha256(), apart.parametersSha256());
  }

  @Test
  void aContextWithoutTheProfileIsRefusedWithTheSettingsToAdd() {
    try (TestCluster cluster = TestCluster.startWithProfileOf(Map.of(), master, small())) {
      UnfitSparkException refused =
          assertThrows(UnfitSparkException.class, () -> train(cluster, c -> c));
      assertTrue(
          refused.getMessage().contains("--conf spark.executorEnv.OPENBLAS_CORETYPE=Haswell"),
          refused.getMessage());
    }
  }

  private static Map<String, String> small() {
    return Map.of("spark.executor.memory", "2g", "spark.executor.cores", "1");
  }

  private TrainingResult train(TestCluster cluster, UnaryOperator<TrainingConfig.Builder> change)
      throws IOException {
    TrainingConfig config =
        change
            .apply(
                TrainingConfig.builder()
                    .batchSize(16)
                    .workers(cluster.context().isLocal() ? 1 : 2)
                    .out(folder.resolve("run-" + System.nanoTime()).toString()))
            .build();
    ModelDefinition model =
        ModelDefinition.builtIn("mlp:520", dataset.shardSet().tensors(), BuiltInOptions.DEFAULT);
    return Lockstep.train(cluster.context(), InitialModel.fresh(model), dataset, config);
  }

  private void startWorker(String name, Map<String, String> environment) throws IOException {
    launch(
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
    awaitLog(name, "Successfully registered with master");
  }

  private void launch(String name, Map<String, String> environment, String... main)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(JavaModuleOptions.defaultModuleOptions().split(" ")));
    command.addAll(List.of("-Xmx512m", "-cp", System.getenv("SPARK_HOME") + "/jars/*"));
    command.addAll(List.of(main));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    File log = log(name).toFile();
    builder.redirectErrorStream(true).redirectOutput(log);
    processes.add(builder.start());
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
