package dev.lockstep.trainer.numeric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import org.apache.spark.package$;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.factory.Nd4jBackend;

class VersionsTest {

  @Test
  void theVersionsAreThoseOfTheLibrariesThatRun() throws IOException {
    Versions versions = Versions.ofThisBuild();

    Properties nd4j = new Properties();
    try (InputStream in =
        Nd4jBackend.class.getResourceAsStream("/META-INF/maven/org.nd4j/nd4j-api/pom.properties")) {
      nd4j.load(in);
    }
    assertEquals(nd4j.getProperty("version"), versions.deeplearning4j());
    assertEquals(package$.MODULE$.SPARK_VERSION(), versions.spark());
    assertFalse(versions.lockstep().isBlank());
  }

  @Test
  void aVersionThatMavenHasNotFilledInIsRefused() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> new Versions("0.1.0", "${dl4j.version}", "4"));
    assertEquals(
        "version of deeplearning4j=${dl4j.version} is none: build with Maven, which fills it in",
        refused.getMessage());
  }
}
