package dev.lockstep.examples;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ExamplesTest {

  /** Lines of a screen turned upright. */
  private static final int SCREENFUL = 90;

  private static final List<String> NAMES =
      List.of(
          "linear-batch",
          "linear-sgd",
          "linear-minibatch",
          "linear-bias-variance",
          "quadratic",
          "mnist-batch",
          "mnist-sgd",
          "mnist-minibatch",
          "mnist-batchnorm",
          "mnist-init",
          "mnist-dropout",
          "rnn-clipping",
          "adagrad-linear",
          "descent-1d",
          "descent-2d",
          "optimizers",
          "schedules",
          "large",
          "modes");

  @Test
  void theNamesAreListedOneALine() {
    assertEquals(NAMES, run("example", "--names").lines().toList());
  }

  @Test
  void withoutANameEachIsListedWithItsSentence() {
    String list = run("example");
    assertAll(
        NAMES.stream()
            .map(name -> () -> assertTrue(list.contains("  " + name + " "), name + " in " + list)));
  }

  @Test
  void eachExplainsItself() {
    assertAll(
        NAMES.stream()
            .map(
                name ->
                    () -> {
                      String help = run("example", name, "--help");
                      assertTrue(help.contains("Usage: lockstep example " + name), help);
                      assertTrue(help.contains("--seed=S"), help);
                    }));
  }

  @Test
  void anUnknownOptionIsRefusedWithTheWayToTheHelp() {
    StringWriter err = new StringWriter();
    int code =
        Main.run(
            new PrintWriter(new StringWriter()),
            new PrintWriter(err),
            "example",
            "descent-1d",
            "--nosuch");
    assertEquals(2, code);
    assertEquals(
        "lockstep: Unknown option: '--nosuch': see lockstep example descent-1d --help",
        err.toString().strip());
  }

  @Test
  void theGalleryHasTheCommandAndThePictureOfEach() throws IOException {
    String gallery = Files.readString(Path.of("README.md"));
    assertAll(
        NAMES.stream()
            .map(
                name ->
                    () -> {
                      assertTrue(gallery.contains("example " + name + "\n"), name);
                      assertTrue(gallery.contains("(pictures/" + name + ".png)"), name);
                      assertTrue(Files.exists(Path.of("pictures", name + ".png")), name);
                    }));
  }

  @Test
  void anUnknownNameIsRefused() {
    StringWriter err = new StringWriter();
    int code =
        Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), "example", "nosuch");
    assertEquals(2, code);
    assertTrue(err.toString().contains("nosuch"), err.toString());
  }

  @Test
  void anExampleFitsOnAScreen() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      List<Path> sources = files.filter(ExamplesTest::isExample).toList();
      assertTrue(sources.size() >= NAMES.size() / 2, sources.toString());
      assertAll(
          sources.stream()
              .map(file -> () -> assertTrue(lines(file) <= SCREENFUL, file + ": " + lines(file))));
    }
  }

  private static boolean isExample(Path file) {
    try {
      return file.toString().endsWith(".java")
          && Files.readString(file).contains("extends Experiment {");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Without package, imports, empty lines and comments. */
  private static long lines(Path file) throws IOException {
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .filter(line -> !line.matches("(package|import|/\\*\\*|\\*|//).*"))
          .count();
    }
  }

  private static String run(String... arguments) {
    StringWriter out = new StringWriter();
    assertEquals(0, Main.run(new PrintWriter(out), new PrintWriter(new StringWriter()), arguments));
    return out.toString();
  }
}
