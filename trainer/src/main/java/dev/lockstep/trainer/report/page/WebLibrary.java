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

/** A JavaScript library that pages carry inside, read from its webjar. Lives on the driver. */
enum WebLibrary {
  /** Lines, dots and bars. */
  CHART_JS("chart.js", "dist/chart.umd.min.js"),
  /** Surfaces and contours, which Chart.js does not draw. */
  PLOTLY("plotly.js-dist", "plotly.js");

  private final String artifact;
  private final String file;

  WebLibrary(String artifact, String file) {
    this.artifact = artifact;
    this.file = file;
  }

  /** The source, to be run by a script element that it cannot end. */
  String inScript() {
    return new String(bytes(), StandardCharsets.UTF_8)
        // Developer tools would look for the map beside this file.
        .replaceAll("(?m)^//# sourceMappingURL=.*$", "")
        // It can stand only in strings and comments, where the backslash changes nothing.
        .replaceAll("(?i)</(script)", "<\\\\/$1");
  }

  /** The source compressed by gzip, in base64: a quarter of a large library's size. */
  String compressed() {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream(4_000_000);
    try (OutputStream gzip = new GZIPOutputStream(compressed)) {
      gzip.write(bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Base64.getEncoder().encodeToString(compressed.toByteArray());
  }

  private byte[] bytes() {
    Properties versions = new Properties();
    try {
      versions.load(
          new StringReader(
              new String(resource("weblibraries.properties"), StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return resource(
        "/META-INF/resources/webjars/%s/%s/%s"
            .formatted(artifact, versions.getProperty(artifact), file));
  }

  /**
   * A file of the class path.
   *
   * @param name relative to this package, or from the root if it begins with a slash
   */
  static byte[] resource(String name) {
    try (InputStream bytes = WebLibrary.class.getResourceAsStream(name)) {
      if (bytes == null) {
        throw new IllegalStateException(name + " is not on the class path: rebuild lockstep.jar");
      }
      return bytes.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
