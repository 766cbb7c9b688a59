package dev.lockstep.deploy.faults;

import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** What strikes a JVM. */
public enum Blow {
  /** SIGKILL. */
  KILL,
  /** SIGSTOP, and SIGCONT 30 s later. */
  PAUSE;

  /** Of a paused JVM: longer than its peers wait for a silent one. */
  public static final int PAUSE_SECONDS = 30;

  private static final long LONGEST_DEATH_SECONDS = 60;

  /** Strikes this JVM. Returns only from a pause. */
  public void strikeThisJvm() {
    strike(ProcessHandle.current().pid());
  }

  /** Strikes a JVM; returns when it has been. */
  public void strike(long pid) {
    // The shell outlives the JVM that starts it, or stands still with it.
    String script =
        switch (this) {
          case KILL -> "kill -KILL %1$d";
          case PAUSE -> "kill -STOP %1$d; sleep %2$d; kill -CONT %1$d";
        };
    try {
      Process shell =
          new ProcessBuilder("sh", "-c", String.format(Locale.ROOT, script, pid, PAUSE_SECONDS))
              .start();
      if (!shell.waitFor(PAUSE_SECONDS + LONGEST_DEATH_SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException(this + " of process " + pid + " does not end");
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot strike process " + pid, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (this == KILL && pid == ProcessHandle.current().pid()) {
      throw new IllegalStateException("process " + pid + " outlived SIGKILL");
    }
  }
}
