package dev.lockstep.trainer.numeric;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * The versions that this build was made of and with. Maven writes them into a resource, from the
 * one place where they stand: the properties of the root pom.
 *
 * @param lockstep of Lockstep itself
 * @param deeplearning4j of DL4J, ND4J and their natives, which are shipped
 * @param spark that Lockstep is compiled against; the cluster's own may be another
 */
public record Versions(String lockstep, String deeplearning4j, String spark) {

  private static final String RESOURCE = "versions.properties";

  /** Checks that every version is there and that Maven has filled it in. */
  public Versions {
    requireVersion("lockstep", lockstep);
    requireVersion("deeplearning4j", deeplearning4j);
    requireVersion("spark", spark);
  }

  /** Reads the versions of the build that this class came out of. */
  public static Versions ofThisBuild() {
    Properties read = new Properties();
    try (InputStream in = Versions.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(
            RESOURCE + " is not beside " + Versions.class.getName() + ": build with Maven");
      }
      read.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(RESOURCE + " cannot be read", e);
    }
    return new Versions(
        read.getProperty("lockstep"),
        read.getProperty("deeplearning4j"),
        read.getProperty("spark"));
  }

  private static void requireVersion(String of, String version) {
    if (version == null || version.isBlank() || version.contains("${")) {
      throw new IllegalArgumentException(
          "version of " + of + "=" + version + " is none: build with Maven, which fills it in");
    }
  }
}
