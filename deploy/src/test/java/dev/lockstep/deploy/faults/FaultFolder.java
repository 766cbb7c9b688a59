package dev.lockstep.deploy.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The faults of a cluster whose JVMs are all on this machine, as files of one local folder: a test
 * arms faults, and the JVM that reaches the moment of one strikes itself. Faults strike one after
 * another, in the order in which they were armed, each once. Thread-safe; every JVM has its own.
 *
 * <pre>
 * armed-0, armed-1, …     a fault each, as a line
 * struck-0, …             made exclusively by the JVM that strikes: process, step, milliseconds
 * </pre>
 */
public final class FaultFolder {

  /** Of Hadoop's configuration: path of the folder. Spark's is the same behind spark.hadoop. */
  public static final String KEY = "lockstep.faults.folder";

  private final Path folder;
  private int next;

  /** Makes nothing. */
  public FaultFolder(Path folder) {
    this.folder = folder;
  }

  // ---- the test ---------------------------------------------------------------------------------

  /** Adds faults behind those that are armed already. */
  public synchronized void arm(List<Fault> faults) throws IOException {
    Files.createDirectories(folder);
    int number = 0;
    while (Files.exists(armed(number))) {
      number++;
    }
    for (Fault fault : faults) {
      Path whole = Files.writeString(folder.resolve("arming"), fault.toString());
      Files.move(whole, armed(number++), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** Whether every fault that was armed has struck. */
  public boolean isSpent() {
    return pending().isEmpty();
  }

  /** The fault that strikes next. */
  public synchronized Optional<Fault> pending() {
    try {
      while (Files.exists(struck(next))) {
        next++;
      }
      return Files.exists(armed(next))
          ? Optional.of(Fault.parse(Files.readString(armed(next))))
          : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What has struck, in that order. */
  public List<Strike> strikes() throws IOException {
    List<Strike> strikes = new ArrayList<>();
    for (int number = 0; Files.exists(struck(number)); number++) {
      String[] words = Files.readString(struck(number)).split(" ", -1);
      strikes.add(
          new Strike(
              Fault.parse(Files.readString(armed(number))),
              Long.parseLong(words[0]),
              Long.parseLong(words[1]),
              Long.parseLong(words[2])));
    }
    return strikes;
  }

  // ---- the JVMs that are struck
  // -------------------------------------------------------------------

  /** Says that this JVM has come to a moment of the run; does not return if it is killed there. */
  public void reach(FaultPoint point, long step) {
    Optional<Fault> due = pending().filter(fault -> fault.isDue(point, step));
    // Its other threads run on for a moment.
    if (due.isPresent() && !isDying()) {
      reach(point, step, fault -> fault.blow().strikeThisJvm());
    }
  }

  private boolean isDying() {
    long own = ProcessHandle.current().pid();
    try {
      return strikes().stream()
          .anyMatch(strike -> strike.process() == own && strike.fault().blow() == Blow.KILL);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same, with something else to do where a fault is due. */
  public void reach(FaultPoint point, long step, Consumer<Fault> strike) {
    Optional<Fault> due = claim(point, step);
    due.ifPresent(strike);
  }

  private synchronized Optional<Fault> claim(FaultPoint point, long step) {
    Optional<Fault> fault = pending().filter(one -> one.isDue(point, step));
    if (fault.isEmpty()) {
      return fault;
    }
    String line = ProcessHandle.current().pid() + " " + step + " " + System.currentTimeMillis();
    try {
      // Whole from the moment on at which others see it.
      Path whole = Files.writeString(Files.createTempFile(folder, "striking", ""), line);
      try {
        Files.createLink(struck(next), whole);
      } finally {
        Files.delete(whole);
      }
      return fault;
    } catch (FileAlreadyExistsException e) {
      // Another JVM came to the moment first.
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path armed(int number) {
    return folder.resolve("armed-" + number);
  }

  private Path struck(int number) {
    return folder.resolve("struck-" + number);
  }
}
