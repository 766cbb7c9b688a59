package dev.lockstep.deploy;

import static com.tngtech.archunit.core.domain.JavaModifier.PUBLIC;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.elements.ClassesShouldConjunction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which package may use which library and which other package, for all modules. */
@AnalyzeClasses(packages = "dev.lockstep", importOptions = ImportOption.DoNotIncludeTests.class)
class PackageRulesTest {

  private static final List<String> MODULES =
      List.of("sharding", "parameter-server", "trainer", "examples");

  // ---- libraries ------------------------------------------------------------------------------

  @ArchTest
  static final ArchRule sparkIsUsedByItsAdaptersOnly =
      onlyIn(
          "Spark and Scala",
          List.of("org.apache.spark..", "scala.."),
          "dev.lockstep.sharding.ingest..",
          "dev.lockstep.ps.transport..",
          "dev.lockstep.trainer.cluster..",
          "dev.lockstep.trainer.control..",
          "dev.lockstep.trainer.worker..",
          "dev.lockstep.trainer.driver..",
          "dev.lockstep.trainer.evaluate..",
          // The facade takes a JavaSparkContext; the commands start one.
          "dev.lockstep.trainer",
          "dev.lockstep.trainer.cli..",
          "dev.lockstep.examples..");

  @ArchTest
  static final ArchRule dl4jIsUsedByItsAdaptersOnly =
      onlyIn(
          "DL4J, ND4J and DataVec",
          List.of("org.deeplearning4j..", "org.nd4j..", "org.datavec.."),
          "dev.lockstep.trainer.model..",
          "dev.lockstep.trainer.data..",
          "dev.lockstep.trainer.numeric..",
          "dev.lockstep.trainer",
          "dev.lockstep.examples..");

  @ArchTest
  static final ArchRule arrowIsUsedByTheStoreOnly =
      onlyIn("Arrow", List.of("org.apache.arrow.."), "dev.lockstep.sharding.store..");

  @ArchTest
  static final ArchRule hadoopIsUsedWhereFilesAre =
      onlyIn(
          "Hadoop",
          List.of("org.apache.hadoop.."),
          "dev.lockstep.sharding.store..",
          "dev.lockstep.sharding.read..",
          "dev.lockstep.sharding.ingest..",
          "dev.lockstep.trainer",
          "dev.lockstep.trainer.checkpoint..",
          "dev.lockstep.trainer.worker..",
          "dev.lockstep.trainer.driver..",
          "dev.lockstep.trainer.evaluate..",
          "dev.lockstep.trainer.metrics..",
          "dev.lockstep.trainer.output..",
          "dev.lockstep.trainer.cli..",
          "dev.lockstep.examples..");

  @ArchTest
  static final ArchRule nettyIsUsedByTheTransportOnly =
      onlyIn("Netty", List.of("io.netty.."), "dev.lockstep.ps.transport..");

  @ArchTest
  static final ArchRule protobufIsUsedByTheTfRecordReaderOnly =
      onlyIn(
          "protobuf", List.of("com.google.protobuf.."), "dev.lockstep.sharding.ingest.tfrecord..");

  @ArchTest
  static final ArchRule picocliIsUsedByCommandsOnly =
      onlyIn(
          "picocli", List.of("picocli.."), "dev.lockstep.trainer.cli..", "dev.lockstep.examples..");

  @ArchTest
  static final ArchRule imagesAreReadByOneIngestAndDrawnByReportsAndExamplesOnly =
      onlyIn(
          "java.awt",
          List.of("java.awt..", "javax.imageio..", "javax.swing.."),
          "dev.lockstep.sharding.ingest.image..",
          "dev.lockstep.trainer.report..",
          "dev.lockstep.examples..");

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
          .resideInAnyPackage("java..", "dev.lockstep.sharding..", "dev.lockstep.ps..")
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
  static final ArchRule theLoopKnowsNeitherSparkNorDl4j =
      knowsNone(
          "dev.lockstep.trainer.loop..",
          "dev.lockstep.trainer.model..",
          "dev.lockstep.trainer.plan..",
          "dev.lockstep.trainer.control..",
          "dev.lockstep.trainer.worker..",
          "dev.lockstep.trainer.driver..",
          "dev.lockstep.trainer.cli..",
          "dev.lockstep.ps.transport..",
          "org.apache..");

  @ArchTest
  static final ArchRule planningIsPure =
      knowsNone(
          "dev.lockstep.trainer.plan..",
          "dev.lockstep.trainer.checkpoint..",
          "dev.lockstep.trainer.control..",
          "dev.lockstep.trainer.worker..",
          "dev.lockstep.trainer.driver..",
          "dev.lockstep.trainer.cluster..",
          "dev.lockstep.trainer.output..",
          "dev.lockstep.ps.transport..",
          "org.apache..");

  @ArchTest
  static final ArchRule workersDoNotKnowTheDriver =
      knowsNone(
          "dev.lockstep.trainer.worker..",
          "dev.lockstep.trainer.driver..",
          "dev.lockstep.trainer.output..",
          "dev.lockstep.trainer.report..",
          "dev.lockstep.trainer.cli..");

  @ArchTest
  static final ArchRule theDriverDoesNotKnowCommands =
      knowsNone("dev.lockstep.trainer.driver..", "dev.lockstep.trainer.cli..");

  @ArchTest
  static final ArchRule definitionsKnowNeitherNetworksNorFilesNorReplicas =
      knowsNone(
          "dev.lockstep.trainer.model",
          "dev.lockstep.trainer.model.array..",
          "dev.lockstep.trainer.model.network..",
          "dev.lockstep.trainer.model.file..",
          "dev.lockstep.trainer.model.replica..");

  @ArchTest
  static final ArchRule replicasAndFilesDoNotKnowEachOther =
      knowsNone("dev.lockstep.trainer.model.replica..", "dev.lockstep.trainer.model.file..");

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
  static final ArchRule packagesHaveNoCycles =
      slices().matching("dev.lockstep.(**)").should().beFreeOfCycles();

  // ---- style ----------------------------------------------------------------------------------

  @ArchTest
  static final ArchRule nothingStaticChanges =
      fields()
          .that()
          .areStatic()
          // What the compiler adds, for example to enums and assertions.
          .and()
          .haveNameNotStartingWith("$")
          .should()
          .beFinal()
          .because("one JVM may run two trainings");

  @ArchTest
  static final ArchRule publicMethodsTakeNoFlags =
      methods()
          .that(
              new DescribedPredicate<JavaMethod>("are public and of a public class") {
                @Override
                public boolean test(JavaMethod method) {
                  return method.getModifiers().contains(PUBLIC)
                      && method.getOwner().getModifiers().contains(PUBLIC);
                }
              })
          .should()
          .notHaveRawParameterTypes(
              new DescribedPredicate<List<JavaClass>>("a boolean") {
                @Override
                public boolean test(List<JavaClass> types) {
                  return types.stream().anyMatch(type -> type.isEquivalentTo(boolean.class));
                }
              });

  @ArchTest
  static final ArchRule classesAreNamedForWhatTheyAre =
      noClasses().should().haveNameMatching(".*\\.[^.]*(Util|Utils|Helper|Helpers|Manager)");

  @Test
  void everyPackageSaysWhatItIsFor() throws IOException {
    TreeSet<String> undocumented = new TreeSet<>();
    for (String module : MODULES) {
      Path sources = Path.of("..", module, "src", "main", "java");
      try (Stream<Path> files = Files.walk(sources)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          if (!Files.exists(file.resolveSibling("package-info.java"))) {
            undocumented.add(sources.relativize(file.getParent()).toString());
          }
        }
      }
    }
    assertEquals(new TreeSet<>(), undocumented);
  }

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

  private static ArchRule onlyIn(String what, List<String> libraries, String... packages) {
    return noClasses()
        .that()
        .resideOutsideOfPackages(packages)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(libraries.toArray(String[]::new))
        .because(what + " is used by its adapters only");
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
