package dev.lockstep.deploy;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.elements.ClassesShouldConjunction;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Which package may use which library and which other package, for all modules. */
@AnalyzeClasses(packages = "dev.lockstep", importOptions = ImportOption.DoNotIncludeTests.class)
class PackageRulesTest {

  private static final String ROOT = "dev.lockstep.";
  private static final String TRAINER = ROOT + "trainer.";

  // ---- libraries ------------------------------------------------------------------------------

  /**
   * A library and the packages that use it.
   *
   * @param roots of its packages
   * @param users relative to {@code dev.lockstep}; {@code x..} stands for x and what is below it
   */
  private record Library(String name, List<String> roots, List<String> users) {

    private static Library of(String name, List<String> roots, String... users) {
      return new Library(name, roots, List.of(users));
    }

    private boolean contains(JavaClass type) {
      return roots.stream().anyMatch(root -> isIn(root + "..", type.getPackageName()));
    }

    private static boolean isIn(String pattern, String name) {
      String root = pattern.replace("..", "");
      return name.equals(root) || (pattern.endsWith("..") && name.startsWith(root + "."));
    }
  }

  private static final List<Library> LIBRARIES =
      List.of(
          Library.of(
              "Spark",
              List.of("org.apache.spark", "scala"),
              "sharding.ingest..",
              "ps.transport..",
              "trainer.cluster",
              "trainer.control",
              "trainer.worker",
              "trainer.driver",
              "trainer.evaluate",
              // The facade takes a JavaSparkContext; the commands start one.
              "trainer",
              "trainer.cli",
              "trainer.cli.options",
              "examples.."),
          Library.of(
              "DL4J, ND4J and DataVec",
              List.of("org.deeplearning4j", "org.nd4j", "org.datavec"),
              "trainer.model..",
              "trainer.data",
              "trainer.numeric",
              "trainer",
              "examples.."),
          Library.of("JavaCPP", List.of("org.bytedeco"), "trainer.model.array", "trainer.numeric"),
          Library.of(
              "Hadoop",
              List.of("org.apache.hadoop"),
              "sharding.store",
              "sharding.read",
              "sharding.ingest..",
              "trainer",
              "trainer.checkpoint",
              "trainer.worker",
              "trainer.driver",
              "trainer.evaluate",
              "trainer.metrics",
              "trainer.output",
              "trainer.cli",
              "trainer.cli.options",
              "examples.."),
          Library.of(
              "Jackson, but for its annotations",
              List.of("com.fasterxml.jackson.core", "com.fasterxml.jackson.databind"),
              "sharding.store",
              "trainer.config",
              "trainer.checkpoint",
              "trainer.control",
              "trainer.driver",
              "trainer.metrics",
              "trainer.output",
              "trainer.report.page"),
          Library.of("Arrow", List.of("org.apache.arrow"), "sharding.store"),
          Library.of("LZ4", List.of("net.jpountz"), "sharding.store"),
          Library.of("Netty", List.of("io.netty"), "ps.transport.rpc"),
          Library.of("protobuf", List.of("com.google.protobuf"), "sharding.ingest.tfrecord"),
          Library.of("univocity", List.of("com.univocity"), "sharding.ingest.csv"),
          Library.of(
              "picocli", List.of("picocli"), "trainer.cli", "trainer.cli.options", "examples.."),
          Library.of("progressbar", List.of("me.tongfei"), "trainer.report"),
          Library.of(
              "Java 2D",
              List.of("java.awt", "javax.imageio", "javax.swing"),
              "sharding.ingest.image",
              "examples.digits"));

  @ArchTest
  static void librariesAreUsedByTheirAdaptersOnly(JavaClasses classes) {
    Set<String> wrong = new TreeSet<>();
    for (Library library : LIBRARIES) {
      Set<String> unused = new TreeSet<>(library.users());
      for (JavaClass user : classes) {
        for (Dependency dependency : user.getDirectDependenciesFromSelf()) {
          if (library.contains(dependency.getTargetClass())) {
            String name = user.getPackageName().replace(ROOT, "");
            List<String> patterns =
                library.users().stream().filter(p -> Library.isIn(p, name)).toList();
            patterns.forEach(unused::remove);
            if (patterns.isEmpty()) {
              wrong.add(user.getName() + " uses " + library.name());
            }
          }
        }
      }
      unused.forEach(pattern -> wrong.add(pattern + " does not use " + library.name()));
    }
    assertEquals(Set.of(), wrong);
  }

  @ArchTest
  static final ArchRule theCoreUsesTheJdkOnly =
      classes()
          .that()
          .resideInAnyPackage(
              "dev.lockstep.sharding",
              "dev.lockstep.sharding.plan..",
              "dev.lockstep.sharding.augment..",
              "dev.lockstep.ps.layout..",
              "dev.lockstep.ps.reduce..",
              "dev.lockstep.ps.schedule..",
              "dev.lockstep.ps.optim..",
              "dev.lockstep.ps.clip..",
              "dev.lockstep.ps.compress..",
              "dev.lockstep.ps.protocol..",
              "dev.lockstep.ps.server..",
              "dev.lockstep.ps.client..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "com.fasterxml.jackson.annotation..",
              "dev.lockstep.sharding..",
              "dev.lockstep.ps..")
          .because("the core is plain Java on arrays and integers");

  @ArchTest
  static final ArchRule preparationKnowsNeitherSparkNorFiles =
      knowsNone(
          "dev.lockstep.sharding.prepare..",
          "org.apache..",
          "dev.lockstep.sharding.store..",
          "dev.lockstep.sharding.read..",
          "dev.lockstep.sharding.ingest..");

  // ---- the parts of a run -----------------------------------------------------------------------

  @ArchTest
  static final ArchRule configurationAndMetricsAreValues =
      usesOfTheTrainerOnly(List.of("config", "metrics", "model"));

  @ArchTest
  static final ArchRule theLoopKnowsInterfacesOnly = usesOfTheTrainerOnly(List.of("loop"));

  @ArchTest
  static final ArchRule planningIsPure =
      usesOfTheTrainerOnly(List.of("plan"), "config", "loop", "model", "numeric");

  @ArchTest
  static final ArchRule theClusterPackageHelpsSparkAlone =
      usesOfTheTrainerOnly(List.of("cluster"), "config", "numeric");

  @ArchTest
  static final ArchRule checkpointsKnowNoModelsAndNoCluster =
      usesOfTheTrainerOnly(List.of("checkpoint"), "loop", "metrics", "plan");

  @ArchTest
  static final ArchRule networksAndFilesKnowNoTraining =
      usesOfTheTrainerOnly(
          List.of("model.array", "model.network", "model.file"),
          "model",
          "model.array",
          "model.network",
          "numeric");

  @ArchTest
  static final ArchRule replicasKnowNeitherFilesNorTheRun =
      usesOfTheTrainerOnly(
          List.of("model.replica"),
          "config",
          "loop",
          "model",
          "model.array",
          "model.network",
          "numeric",
          "score");

  @ArchTest
  static final ArchRule messagesKnowNeitherEnd =
      usesOfTheTrainerOnly(
          List.of("control"),
          "checkpoint",
          "config",
          "loop",
          "metrics",
          "model",
          "model.replica",
          "plan",
          "score");

  @ArchTest
  static final ArchRule workersDoNotKnowTheDriver =
      knowsNone(
          "dev.lockstep.trainer.worker..",
          "dev.lockstep.trainer.driver..",
          "dev.lockstep.trainer.output..",
          "dev.lockstep.trainer.report..",
          "dev.lockstep.trainer.evaluate..");

  @ArchTest
  static final ArchRule theDriverKnowsTheTaskOfWorkersOnly =
      noClasses()
          .that()
          .resideInAPackage("dev.lockstep.trainer.driver..")
          .should()
          .dependOnClassesThat(
              resideInAPackage("dev.lockstep.trainer.worker..")
                  .and(not(simpleName("TrainingTask"))));

  @ArchTest
  static final ArchRule commandsAreAboveTheFacadeAndTheFacadeAboveTheRest =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.lockstep.trainer", "dev.lockstep.trainer.cli..", "dev.lockstep.examples..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.lockstep.trainer", "dev.lockstep.trainer.cli..");

  @ArchTest
  static final ArchRule theFacadeKnowsNoCommand =
      knowsNone("dev.lockstep.trainer", "dev.lockstep.trainer.cli..");

  // ---- modules --------------------------------------------------------------------------------

  @ArchTest
  static final ArchRule shardingKnowsNoOtherModule =
      knowsNone("dev.lockstep.sharding..", "dev.lockstep.ps..", "dev.lockstep.trainer..");

  @ArchTest
  static final ArchRule theParameterServerKnowsNoOtherModule =
      knowsNone("dev.lockstep.ps..", "dev.lockstep.sharding..", "dev.lockstep.trainer..");

  @ArchTest
  static final ArchRule theTrainerKnowsNoExample =
      knowsNone("dev.lockstep.trainer..", "dev.lockstep.examples..");

  @ArchTest
  static final ArchRule theTransportIsKnownToTheTwoEndsOfARunOnly =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.lockstep.ps.transport..",
              "dev.lockstep.trainer.control..",
              "dev.lockstep.trainer.worker..",
              "dev.lockstep.trainer.driver..",
              // Its counts of bytes.
              "dev.lockstep.trainer.output..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.lockstep.ps.transport..");

  @ArchTest
  static final ArchRule innerPackagesAreUsedByOnePackage =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.lockstep.ps.optim..", "dev.lockstep.ps.transport..", "dev.lockstep.sharding..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.lockstep.ps.optim.kernel..",
              "dev.lockstep.ps.transport.message..",
              "dev.lockstep.sharding.ingest.text..");

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("dev.lockstep.(**)").should().beFreeOfCycles();

  @ArchTest
  static void everyModuleIsChecked(JavaClasses classes) {
    for (String name :
        List.of(
            "dev.lockstep.sharding.TensorSpec",
            "dev.lockstep.ps.layout.Block",
            "dev.lockstep.trainer.loop.GradientSource",
            "dev.lockstep.examples.digits.Digit")) {
      assertTrue(classes.contain(name), name);
    }
  }

  /** Of the trainer's packages these use themselves and the others given, and nothing else. */
  private static ArchRule usesOfTheTrainerOnly(List<String> users, String... others) {
    List<String> allowed = new ArrayList<>(users);
    allowed.addAll(List.of(others));
    Set<String> packages =
        allowed.stream().map(name -> TRAINER + name).collect(Collectors.toUnmodifiableSet());
    return noClasses()
        .that()
        .resideInAnyPackage(users.stream().map(name -> TRAINER + name).toArray(String[]::new))
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "are of the trainer, but not in " + allowed,
                type ->
                    (type.getPackageName() + '.').startsWith(TRAINER)
                        && !packages.contains(type.getPackageName())));
  }

  private static ClassesShouldConjunction knowsNone(String who, String... others) {
    return noClasses()
        .that()
        .resideInAPackage(who)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others);
  }
}
