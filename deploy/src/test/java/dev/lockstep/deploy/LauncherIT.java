package dev.lockstep.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.deploy.CommandProcess.Ended;
import dev.lockstep.trainer.numeric.NumericProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command as a user types it, in a process of its own. */
@Timeout(600)
class LauncherIT {

  @TempDir private Path folder;

  @Test
  void quickstartLearnsDigitsAndGivesTheSameBitsOnACluster() throws Exception {
    Ended local = quickstart("--master", "local[2]");

    assertEquals(0, local.status(), local::toString);
    double accuracy = Double.parseDouble(local.found("test accuracy +([0-9.]+) %"));
    assertTrue(accuracy >= 90, local::toString);
    assertTrue(local.out().contains("drawing"), local::toString);
    for (String output : List.of("model.zip", "run.json", "metrics.jsonl", "report.html")) {
      assertTrue(Files.isRegularFile(folder.resolve("quick/run").resolve(output)), output);
    }

    Ended cluster = quickstart("--master=local-cluster[2,1,2048]");

    assertEquals(0, cluster.status(), cluster::toString);
    assertFalse(cluster.out().contains("drawing"), "the second run draws nothing: " + cluster);
    String sha = "parametersSha256 +([0-9a-f]{64})";
    assertEquals(local.found(sha), cluster.found(sha));
  }

  @Test
  void badUsageEndsWithTwoAndOneClearLine() throws Exception {
    Ended unknown = lockstep("quickstart", "--epochs", "many");
    assertEquals(2, unknown.status(), unknown::toString);
    assertTrue(
        unknown
            .err()
            .startsWith("lockstep: Invalid value for option '--epochs': 'many' is not an int"),
        unknown::toString);

    Ended profile = lockstep("train", "--numeric-profile", "fast");
    assertEquals(
        new Ended(
            2,
            "",
            "lockstep: --numeric-profile=fast is not known: give avx2, avx512, generic or"
                + " native\n"),
        profile);

    assertEquals(new Ended(2, "", "lockstep: --master needs a value\n"), lockstep("--master"));
  }

  @Test
  void helpSaysWhatThereIs() throws Exception {
    Ended launcher = lockstep("--help");
    assertEquals(0, launcher.status());
    assertTrue(launcher.out().startsWith("Usage: lockstep [SPARK OPTIONS] COMMAND"));

    Ended command = lockstep("quickstart", "--help");
    assertEquals(0, command.status(), command::toString);
    assertTrue(command.out().contains("--virtual-workers"), command::toString);
  }

  @Test
  void theVariablesOfEveryProfileAreThoseThatTheCommandsVerify() throws Exception {
    for (NumericProfile profile : NumericProfile.all()) {
      Submit submit = submit("--numeric-profile", profile.name(), "train");

      Map<String, String> driver = new TreeMap<>(profile.environment());
      driver.put("LOCKSTEP_NUMERIC_PROFILE", profile.name());
      assertEquals(driver, submit.environment(), profile.name());
      assertEquals(profile.environment(), submit.settings("spark.executorEnv."), profile.name());
    }
  }

  @Test
  void aDriverInsideTheClusterGetsTheVariablesToo() throws Exception {
    Map<String, String> driver = new TreeMap<>(NumericProfile.GENERIC.environment());
    driver.put("LOCKSTEP_NUMERIC_PROFILE", "generic");
    List<String> words = List.of("--deploy-mode=cluster", "--numeric-profile=generic", "train");

    Submit yarn = submit(join(List.of("--master", "yarn"), words));
    assertEquals(driver, yarn.settings("spark.yarn.appMasterEnv."));
    Submit kubernetes = submit(join(List.of("--conf", "spark.master=k8s://https://host"), words));
    assertEquals(driver, kubernetes.settings("spark.kubernetes.driverEnv."));

    assertEquals(
        new Ended(
            2,
            "",
            "lockstep: --deploy-mode=cluster with --master=spark://host:7077: the driver would"
                + " start without the variables of the numeric profile: use --deploy-mode client,"
                + " or YARN or Kubernetes\n"),
        lockstep(join(List.of("--master", "spark://host:7077"), words)));
  }

  @Test
  void aMasterGivenInAnyWayIsTheMaster() throws Exception {
    assertEquals(List.of("local[*]"), submit("train").after("--master"));
    assertEquals(List.of("local[3]"), submit("train", "--master=local[3]").after("--master"));
    assertEquals(List.of(), submit("--conf", "spark.master=local[3]", "train").after("--master"));

    Path properties = folder.resolve("spark.properties");
    Files.writeString(properties, "spark.master.rest.enabled true\n  spark.master   yarn \n");
    Submit submit = submit("--properties-file", properties.toString(), "train");
    assertEquals(List.of(), submit.after("--master"));
    assertEquals("1g", submit.settings("spark.executor.").get("minMemoryOverhead"));
  }

  @Test
  void containersLeaveRoomForTheNativesUnlessTheUserSaysHowMuch() throws Exception {
    String executor = "spark.executor.";
    assertEquals(Map.of(), submit("--master=spark://host:7077", "train").settings(executor));
    assertEquals(
        Map.of("minMemoryOverhead", "1g"), submit("--master=yarn", "train").settings(executor));
    assertEquals(
        Map.of("minMemoryOverhead", "3g"),
        submit("--master=yarn", "--conf", "spark.executor.minMemoryOverhead=3g", "train")
            .settings(executor));
  }

  @Test
  void aSparkHomeOfAnotherScalaOrAnOlderSparkIsRefused() throws Exception {
    for (String[] other :
        new String[][] {{"2.12", "3.5.1"}, {"2.13", "3.5.1"}, {"2.12", "4.0.0"}}) {
      Path home = folder.resolve("spark-" + other[1] + "-" + other[0]);
      Files.createDirectories(home.resolve("jars"));
      Files.createFile(home.resolve("jars/spark-core_" + other[0] + "-" + other[1] + ".jar"));

      Ended refused = lockstep(Map.of("SPARK_HOME", home.toString()), "doctor");

      assertEquals(2, refused.status(), refused::toString);
      String start =
          "lockstep: SPARK_HOME="
              + home
              + (" holds Spark " + other[1] + " for Scala " + other[0])
              + ", but lockstep.jar is built for Spark 4 or later and Scala 2.13:"
              + " unset SPARK_HOME to use the Spark 4.";
      assertTrue(refused.err().startsWith(start), refused::toString);
    }
  }

  @Test
  void theNativesOfAProfileAreAddedToTheJars() throws Exception {
    List<String> alone = submit("--numeric-profile=avx512", "train").after("--jars");
    assertEquals(1, alone.size());
    assertTrue(alone.get(0).endsWith("/natives-avx512.jar"), alone::toString);

    for (String own : List.of("--jars=/a.jar,/b.jar", "--conf=spark.jars=/a.jar,/b.jar")) {
      List<String> jars = submit(own, "train").after("--jars");
      assertEquals(1, jars.size());
      assertTrue(jars.get(0).endsWith("/natives-avx2.jar,/a.jar,/b.jar"), jars::toString);
    }
  }

  @Test
  void ofTwoFirstStartsAtOnceOneBuildsAndTheOtherWaits() throws Exception {
    try (LauncherTree tree = LauncherTree.create(folder)) {
      CommandProcess first = tree.start("inspect");
      CommandProcess second = tree.start("inspect");

      for (Ended ended : List.of(first.await(), second.await())) {
        assertEquals(2, ended.status(), ended::toString);
        assertTrue(ended.err().contains("Missing required parameter"), ended::toString);
      }
      List<String> builds = tree.builds();
      assertEquals(1, builds.size(), builds::toString);
      assertTrue(builds.get(0).endsWith("-Dnumeric.profile=avx2"), builds::toString);
    }
  }

  @Test
  void anotherProfileBuildsItsNativesAndNothingElse() throws Exception {
    try (LauncherTree tree = LauncherTree.create(folder)) {
      tree.linkBuiltJar();

      Ended ended = tree.start("--numeric-profile", "generic", "inspect").await();

      assertEquals(2, ended.status(), ended::toString);
      assertTrue(ended.err().contains("building natives-generic.jar"), ended::toString);
      List<String> builds = tree.builds();
      assertEquals(1, builds.size(), builds::toString);
      assertTrue(
          builds.get(0).endsWith("-Dnumeric.profile=generic -pl deploy/natives"), builds::toString);
    }
  }

  @Test
  void helpBuildsNothing() throws Exception {
    try (LauncherTree tree = LauncherTree.create(folder)) {
      for (String words : List.of("inspect --help", "inspect --help-all", "--version")) {
        Ended refused = tree.start(words.split(" ")).await();
        assertEquals(1, refused.status(), refused::toString);
        assertTrue(
            refused.err().startsWith("lockstep: " + words + " needs lockstep.jar, which is not"),
            refused::toString);
      }
      assertEquals(0, tree.start("--help").await().status());

      tree.linkBuiltJar();

      Ended help = tree.start("inspect", "--help").await();
      assertEquals(0, help.status(), help::toString);
      assertTrue(help.out().startsWith("Usage: lockstep inspect"), help::toString);
      assertEquals(List.of(), tree.builds());
    }
  }

  /**
   * A copy of the launcher beside a {@code mvnw} that records its arguments and links what is
   * already built.
   *
   * @param folder of what the commands print
   * @param root of the copy
   * @param deploy the folder that is built
   */
  private record LauncherTree(Path folder, Path root, Path deploy) implements AutoCloseable {

    static LauncherTree create(Path folder) throws IOException {
      Path launcher = Path.of(System.getProperty("lockstep.command"));
      Path deploy = launcher.getParent().getParent();
      LauncherTree tree =
          new LauncherTree(folder, Files.createDirectories(folder.resolve("tree")), deploy);
      Files.createDirectories(tree.root.resolve("deploy/bin"));
      Files.createDirectories(tree.root.resolve("deploy/target"));
      Files.createDirectories(tree.root.resolve("deploy/natives/target"));
      Files.copy(launcher, tree.launcher(), StandardCopyOption.COPY_ATTRIBUTES);
      Files.copy(deploy.getParent().resolve("pom.xml"), tree.root.resolve("pom.xml"));
      Files.createSymbolicLink(tree.root.resolve("deploy/conf"), deploy.resolve("conf"));
      Path maven = tree.root.resolve("mvnw");
      Files.writeString(
          maven,
          """
          #!/usr/bin/env bash
          set -euo pipefail
          echo "$*" >> "%1$s/builds"
          profile=$(grep -o 'numeric.profile=[a-z0-9]*' <<< "$*")
          touch "%1$s/deploy/natives/target/natives-${profile#*=}.jar"
          [[ $* != *-pl* ]] || exit 0
          for ((i = 0; i < 600; i++)); do
            ! cat "%3$s"/err*.txt | grep -q 'another process builds' || break
            sleep 0.1
          done
          ln -s "%2$s/target/lockstep.jar" "%2$s/target/spark-home" "%1$s/deploy/target/"
          cp "%2$s/target/built" "%1$s/deploy/target/"
          """
              .formatted(tree.root, deploy, folder));
      assertTrue(maven.toFile().setExecutable(true));
      return tree;
    }

    private Path launcher() {
      return root.resolve("deploy/bin/lockstep");
    }

    CommandProcess start(String... words) throws IOException {
      List<String> command = List.of(join(List.of(launcher().toString()), List.of(words)));
      return CommandProcess.start(folder, command, Map.of());
    }

    void linkBuiltJar() throws IOException {
      for (String name : List.of("lockstep.jar", "spark-home", "built")) {
        Files.createSymbolicLink(
            root.resolve("deploy/target").resolve(name), deploy.resolve("target").resolve(name));
      }
    }

    /** The arguments of each call of {@code mvnw}. */
    List<String> builds() throws IOException {
      Path builds = root.resolve("builds");
      return Files.exists(builds) ? Files.readAllLines(builds) : List.of();
    }

    /** Removes the links, so that a recursive deletion of the folder does not follow them. */
    @Override
    public void close() throws IOException {
      Files.delete(root.resolve("deploy/conf"));
      for (String name : List.of("lockstep.jar", "spark-home", "built")) {
        Files.deleteIfExists(root.resolve("deploy/target").resolve(name));
      }
    }
  }

  /**
   * What {@code --print-submit} printed.
   *
   * @param words of the command, variables first
   */
  private record Submit(List<String> words) {
    /** The variables set for the driver. */
    Map<String, String> environment() {
      return pairs(words.subList(0, words.indexOf("spark-submit")), "");
    }

    /** The settings whose names start so; of two of one name the last. */
    Map<String, String> settings(String prefix) {
      return pairs(after("--conf"), prefix);
    }

    /** The values of an option. */
    List<String> after(String option) {
      List<String> values = new ArrayList<>();
      for (int i = 0; i + 1 < words.size(); i++) {
        if (words.get(i).equals(option)) {
          values.add(words.get(i + 1));
        }
      }
      return values;
    }

    private static Map<String, String> pairs(List<String> assignments, String prefix) {
      Map<String, String> pairs = new TreeMap<>();
      for (String assignment : assignments) {
        if (assignment.startsWith(prefix)) {
          String[] pair = assignment.substring(prefix.length()).split("=", 2);
          pairs.put(pair[0], pair[1]);
        }
      }
      return pairs;
    }
  }

  private Submit submit(String... words) throws Exception {
    Ended ended = lockstep(join(List.of("--print-submit"), List.of(words)));
    assertEquals(0, ended.status(), ended::toString);
    // Words are quoted for a shell, which here means a backslash before some characters.
    String oneLine = ended.out().replace("\\\n", " ").replace("\\", "").strip();
    return new Submit(List.of(oneLine.split("\\s+")));
  }

  private static String[] join(List<String> first, List<String> second) {
    List<String> words = new ArrayList<>(first);
    words.addAll(second);
    return words.toArray(String[]::new);
  }

  private Ended quickstart(String... sparkOptions) throws Exception {
    List<String> words = new ArrayList<>(List.of(sparkOptions));
    words.addAll(
        List.of("quickstart", "--dir", folder.resolve("quick").toString(), "--train", "6000"));
    words.addAll(List.of("--test", "1000", "--epochs", "6"));
    return lockstep(words.toArray(String[]::new));
  }

  private Ended lockstep(String... words) throws IOException, InterruptedException {
    return lockstep(Map.of(), words);
  }

  private Ended lockstep(Map<String, String> environment, String... words)
      throws IOException, InterruptedException {
    return CommandProcess.start(
            folder,
            List.of(join(List.of(System.getProperty("lockstep.command")), List.of(words))),
            environment)
        .await();
  }
}
