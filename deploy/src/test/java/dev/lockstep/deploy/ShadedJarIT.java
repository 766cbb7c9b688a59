package dev.lockstep.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
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
