package dev.lockstep.deploy;

import static com.tngtech.archunit.core.domain.JavaModifier.PUBLIC;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Visibility, static state, names and documentation of the main classes of all modules. */
@AnalyzeClasses(packages = "dev.lockstep", importOptions = ImportOption.DoNotIncludeTests.class)
class CodeRulesTest {

  private static final List<String> MODULES =
      List.of("sharding", "parameter-server", "trainer", "examples");

  /** Public although no other package of the main code uses it. */
  private static final Set<String> PUBLIC_FOR_OTHERS =
      Set.of(
          "sharding.augment.GaussianNoise",
          "sharding.augment.RandomCrop",
          "sharding.augment.RandomFlip",
          "trainer.DataSetSource",
          "trainer.cli.Main",
          // Generated.
          "trainer.config.AveragingBuilder",
          "trainer.config.OptimizerSettingsBuilder",
          // Its constant is used.
          "trainer.model.ConfigurationTree",
          // The tests of other modules read manifests, and put faults into messages.
          "sharding.store.ManifestFile",
          "ps.transport.rpc.MessageInterceptor",
          // Parameters of public methods, which callers give as lambdas.
          "trainer.loop.BatchSource",
          "ps.transport.rpc.MessageHandler");

  @ArchTest
  static void whatIsPublicIsUsedByAnotherPackage(JavaClasses classes) {
    Set<String> used = new TreeSet<>();
    Set<String> offered = new TreeSet<>();
    for (JavaClass type : classes) {
      if (type.isTopLevelClass()
          && type.getModifiers().contains(PUBLIC)
          // A catch clause is no dependency in ArchUnit.
          && !type.getName().endsWith("Exception")) {
        offered.add(type.getName());
      }
      for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
        JavaClass target = dependency.getTargetClass();
        if (!target.getPackageName().equals(type.getPackageName())) {
          used.add(target.getName().replaceFirst("\\$.*", ""));
        }
      }
    }
    offered.removeAll(used);
    PUBLIC_FOR_OTHERS.forEach(name -> offered.remove("dev.lockstep." + name));
    assertEquals(Set.of(), offered);
  }

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
}
