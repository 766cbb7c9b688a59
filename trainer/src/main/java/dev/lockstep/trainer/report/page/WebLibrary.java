package dev.lockstep.trainer.report.page;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Properties;
import java.util.zip.GZIPOutputStream;

/**
 * A JavaScript library of a webjar on the class path, to be inlined in pages. Lives on the driver.
 *
 * @param artifact of the group {@code org.webjars.npm}
 * @param file relative to the webjar's folder
 */
public record WebLibrary(String artifact, String file) {

  /** The source, for a script element, which it cannot end. */
  public String script() {
    return source()
        // Developer tools would look for the map beside this file.
        .replaceAll("(?m)^//# sourceMappingURL=.*$", "")
        // It occurs only in strings and comments, where the backslash changes nothing.
        .replaceAll("(?i)</(script)", "<\\\\/$1");
  }

  /** The source compressed by gzip, in base64. */
  public String compressed() {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(compressed)) {
      gzip.write(source().getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Base64.getEncoder().encodeToString(compressed.toByteArray());
  }

  /**
   * Source files lie in a folder that is named after the version, which Maven's properties tell.
   */
  private String source() {
    Properties properties = new Properties();
    String maven = "/META-INF/maven/org.webjars.npm/%s/pom.properties".formatted(artifact);
    try {
      properties.load(new StringReader(text(WebLibrary.class, maven)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text(
        WebLibrary.class,
        "/META-INF/resources/webjars/%s/%s/%s"
            .formatted(artifact, properties.getProperty("version"), file));
  }

  /**
   * A text file of the class path, in UTF-8.
   *
   * @param name relative to the package of {@code owner}, or absolute if it begins with a slash
   */
  public static String text(Class<?> owner, String name) {
    try (InputStream bytes = owner.getResourceAsStream(name)) {
      if (bytes == null) {
        throw new IllegalStateException(name + " is not on the class path: rebuild lockstep.jar");
      }
      return new String(bytes.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
