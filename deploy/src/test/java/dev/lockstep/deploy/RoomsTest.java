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

/** Who may use what: the rules of the rooms, for all modules. */
@AnalyzeClasses(packages = "dev.lockstep", importOptions = ImportOption.DoNotIncludeTests.class)
class RoomsTest {

  private static final List<String> MODULES =
      List.of("sharding", "parameter-server", "trainer", "examples");

  // ---- libraries ------------------------------------------------------------------------------

  @ArchTest
  static final ArchRule sparkIsKnownAtTheEdgesOnly =
      onlyIn(
          "Spark and Scala",
          List.of("org.apache.spark..", "scala.."),
          "dev.lockstep.sharding.ingest..",
          "dev.lockstep.ps.transport..",
          "dev.lockstep.trainer.spark..",
          // The facade takes a JavaSparkContext; the commands start one.
          "dev.lockstep.trainer",
          "dev.lockstep.trainer.cli..",
          "dev.lockstep.examples..");

  @ArchTest
  static final ArchRule dl4jIsKnownInTheModelRoomOnly =
      onlyIn(
          "DL4J, ND4J and DataVec",
          List.of("org.deeplearning4j..", "org.nd4j..", "org.datavec.."),
          "dev.lockstep.trainer.model..",
          "dev.lockstep.trainer",
          "dev.lockstep.examples..");

  @ArchTest
  static final ArchRule arrowIsKnownInTheStoreOnly =
      onlyIn("Arrow", List.of("org.apache.arrow.."), "dev.lockstep.sharding.store..");

  @ArchTest
  static final ArchRule hadoopIsKnownWhereFilesAre =
      onlyIn(
          "Hadoop",
          List.of("org.apache.hadoop.."),
          "dev.lockstep.sharding.store..",
          "dev.lockstep.sharding.ingest..",
          "dev.lockstep.trainer",
          "dev.lockstep.trainer.checkpoint..",
          "dev.lockstep.trainer.spark..",
          "dev.lockstep.trainer.report..",
          "dev.lockstep.trainer.cli..",
          "dev.lockstep.examples..");

  @ArchTest
  static final ArchRule nettyIsKnownInTheTransportOnly =
      onlyIn("Netty", List.of("io.netty.."), "dev.lockstep.ps.transport..");

  @ArchTest
  static final ArchRule protobufIsKnownWhereRecordsAreRead =
      onlyIn(
          "protobuf", List.of("com.google.protobuf.."), "dev.lockstep.sharding.ingest.tfrecord..");

  @ArchTest
  static final ArchRule commandLinesAreParsedAtTheEdge =
      onlyIn(
          "picocli", List.of("picocli.."), "dev.lockstep.trainer.cli..", "dev.lockstep.examples..");

  @ArchTest
  static final ArchRule picturesAreReadByOneIngestAndMadeInReportsAndExamplesOnly =
      onlyIn(
          "java.awt",
          List.of("java.awt..", "javax.imageio..", "javax.swing.."),
          "dev.lockstep.sharding.ingest.image..",
          "dev.lockstep.trainer.report..",
          "dev.lockstep.examples..");

  @ArchTest
  static final ArchRule pureRoomsUseTheJdkOnly =
      classes()
          .that()
          .resideInAnyPackage(
              "dev.lockstep.sharding",
              "dev.lockstep.sharding.plan..",
              "dev.lockstep.ps.layout..",
              "dev.lockstep.ps.reduce..",
              "dev.lockstep.ps.schedule..",
              "dev.lockstep.ps.optim..",
              "dev.lockstep.ps.clip..",
              "dev.lockstep.ps.compress..",
              "dev.lockstep.ps.server..",
              "dev.lockstep.ps.client..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", "dev.lockstep.sharding..", "dev.lockstep.ps..")
          .because("the core is plain Java on arrays and integers");

  @ArchTest
  static final ArchRule theLoopKnowsNeitherSparkNorDl4j =
      noClasses()
          .that()
          .resideInAPackage("dev.lockstep.trainer.loop..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.lockstep.trainer.model..",
              "dev.lockstep.trainer.spark..",
              "dev.lockstep.trainer.cli..",
              "dev.lockstep.ps.transport..",
              "org.apache..");

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
    TreeSet<String> silent = new TreeSet<>();
    for (String module : MODULES) {
      Path sources = Path.of("..", module, "src", "main", "java");
      try (Stream<Path> files = Files.walk(sources)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          if (!Files.exists(file.resolveSibling("package-info.java"))) {
            silent.add(sources.relativize(file.getParent()).toString());
          }
        }
      }
    }
    assertEquals(new TreeSet<>(), silent);
  }

  @ArchTest
  static void everyModuleIsLookedAt(JavaClasses classes) {
    for (String room :
        List.of(
            "dev.lockstep.sharding.TensorSpec",
            "dev.lockstep.ps.layout.Block",
            "dev.lockstep.trainer.loop.GradientSource",
            "dev.lockstep.examples.digits.Digit")) {
      assertTrue(classes.contain(room), room);
    }
  }

  private static ArchRule onlyIn(String what, List<String> libraries, String... rooms) {
    return noClasses()
        .that()
        .resideOutsideOfPackages(rooms)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(libraries.toArray(String[]::new))
        .because(what + " has its own rooms");
  }

  private static ClassesShouldConjunction knowsNone(String room, String... others) {
    return noClasses()
        .that()
        .resideInAPackage(room)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others);
  }
}
