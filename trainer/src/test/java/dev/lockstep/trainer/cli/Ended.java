package dev.lockstep.trainer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.LocalSpark;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A command that was run in this process, on two local slots.
 *
 * @param status its exit code
 * @param out its standard output
 * @param err its standard error
 * @param jobs Spark jobs that it started
 */
record Ended(int status, String out, String err, int jobs) {

  private static final Map<String, String> SPARK =
      Map.of(
          "spark.master",
          "local[2]",
          "spark.ui.enabled",
          "false",
          "spark.extraListeners",
          JobCounter.class.getName());

  static Ended lockstep(Object... words) {
    String[] command = new String[words.length];
    for (int i = 0; i < words.length; i++) {
      command[i] = words[i].toString();
    }
    Map<String, String> before = new LinkedHashMap<>();
    SPARK.forEach((key, value) -> before.put(key, System.setProperty(key, value)));
    LocalSpark.stopShared();
    JobCounter.STARTED.set(0);
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    try {
      int status = Main.run(new PrintWriter(out), new PrintWriter(err), command);
      return new Ended(status, out.toString(), err.toString(), JobCounter.STARTED.get());
    } finally {
      before.forEach(
          (key, value) -> {
            if (value == null) {
              System.clearProperty(key);
            } else {
              System.setProperty(key, value);
            }
          });
    }
  }

  Ended succeeded() {
    assertEquals(0, status, this::toString);
    assertEquals("", err, this::toString);
    return this;
  }

  /** It said why in one line, without a stack trace; every part of the reason is in it. */
  Ended refused(int wanted, String... reasons) {
    assertEquals(wanted, status, this::toString);
    assertTrue(err.startsWith("lockstep: "), this::toString);
    assertEquals(1, err.lines().count(), this::toString);
    assertFalse(err.contains("\tat "), this::toString);
    for (String reason : reasons) {
      assertTrue(err.contains(reason), () -> reason + " is not in " + this);
    }
    return this;
  }

  Ended beforeAnyJob() {
    assertEquals(0, jobs, this::toString);
    return this;
  }

  /** The text that the group of a pattern matches in the output. */
  String found(String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(out);
    assertTrue(matcher.find(), () -> pattern + " is not in " + this);
    return matcher.group(1);
  }
}
