package dev.lockstep.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class ShadedJarIT {

  @Test
  void sameGradientBitsInTwoExecutorsAsHere() {
    GradientProbe.Outcome here = GradientProbe.run();
    List<GradientProbe.Outcome> there;
    try (SparkCluster cluster = SparkCluster.start("local-cluster[2,1,2048]")) {
      there =
          cluster
              .context()
              .parallelize(List.of(0, 1), 2)
              .map(task -> GradientProbe.run())
              .collect();
    }

    assertEquals(2, there.size());
    Set<String> jvms = new HashSet<>(Set.of(here.jvm()));
    for (GradientProbe.Outcome outcome : there) {
      assertTrue(jvms.add(outcome.jvm()), "two outcomes from one JVM: " + there);
      assertEquals(here.sha256(), outcome.sha256());
      assertEquals(List.of("1", "Haswell", "AVX2"), outcome.profile());
      assertTrue(outcome.backend().endsWith("/lockstep.jar"), outcome.backend());
      assertTrue(outcome.natives().contains("/natives-avx2.jar!/"), outcome.natives());
      assertEquals("dev.lockstep.shaded.flatbuffers.FlatBufferBuilder", outcome.flatbuffers());
    }
  }

  @Test
  void nativeLibrariesAreInTheJarOfTheProfileAlone() throws IOException {
    assertEquals(List.of(), nativeLibraries("lockstep.jar"));
    List<String> natives = nativeLibraries("lockstep.natives");
    for (String library : List.of("libnd4jcpu.so", "libopenblas.so.0", "libjnijavacpp.so")) {
      assertEquals(
          1, natives.stream().filter(name -> name.endsWith("/" + library)).count(), library);
    }
  }

  private static List<String> nativeLibraries(String property) throws IOException {
    try (JarFile jar = new JarFile(System.getProperty(property))) {
      return jar.stream()
          .map(ZipEntry::getName)
          .filter(name -> name.matches(".*\\.(so(\\.\\d+)?|a|dll|jnilib|dylib)"))
          .toList();
    }
  }

  @Test
  void shipsNothingThatSparkBrings() throws IOException {
    try (JarFile jar = new JarFile(System.getProperty("lockstep.jar"))) {
      Set<String> shipped =
          jar.stream()
              .map(ZipEntry::getName)
              .filter(name -> name.endsWith(".class") || name.endsWith(".SF"))
              .filter(
                  name ->
                      List.of(
                              "org/apache/spark/",
                              "org/apache/hadoop/",
                              "org/apache/arrow/",
                              "io/netty/",
                              "scala/",
                              "com/fasterxml/",
                              "com/google/flatbuffers/",
                              "org/slf4j/",
                              "META-INF/")
                          .stream()
                          .anyMatch(name::startsWith))
              .collect(Collectors.toCollection(TreeSet::new));
      assertEquals(Set.of(), shipped);
      assertEquals(
          "dev.lockstep.trainer.cli.Main",
          jar.getManifest().getMainAttributes().getValue("Main-Class"));
    }
  }
}
