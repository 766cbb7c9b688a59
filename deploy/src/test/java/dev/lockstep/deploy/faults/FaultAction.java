package dev.lockstep.deploy.faults;

import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** What a fault does to a JVM. */
public enum FaultAction {
  /** SIGKILL. */
  KILL,
  /** SIGSTOP, and SIGCONT 30 s later. */
  PAUSE;

  /** Of a paused JVM: longer than its peers wait for a silent one. */
  public static final int PAUSE_SECONDS = 30;

  private static final long LONGEST_DEATH_SECONDS = 60;

  /** Applies the action to this JVM. Returns only from a pause. */
  public void applyToThisJvm() {
    applyTo(ProcessHandle.current().pid());
  }

  /** Applies the action to a JVM; returns when it is over. */
  public void applyTo(long pid) {
    // The shell survives the JVM that starts it.
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
      throw new IllegalStateException("cannot stop process " + pid, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (this == KILL && pid == ProcessHandle.current().pid()) {
      throw new IllegalStateException("process " + pid + " survived SIGKILL");
    }
  }
}
