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
 * arms faults, and the JVM that reaches the moment of a fault applies it to itself. Faults are
 * injected one after another, in the order in which they were armed, each once. Thread-safe; every
 * JVM has its own.
 *
 * <pre>
 * armed-0, armed-1, …     a fault each, as a line
 * event-0, …             created exclusively by the JVM that applies the fault: process, step, milliseconds
 * </pre>
 */
public final class FaultFolder {

  /** Of Hadoop's configuration: path of the folder. Spark's is the same behind spark.hadoop. */
  public static final String KEY = "lockstep.faults.folder";

  private final Path folder;
  private int next;

  /** Creates no file. */
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

  /** Whether every armed fault was injected. */
  public boolean isSpent() {
    return pending().isEmpty();
  }

  /** The next fault to inject. */
  public synchronized Optional<Fault> pending() {
    try {
      while (Files.exists(event(next))) {
        next++;
      }
      return Files.exists(armed(next))
          ? Optional.of(Fault.parse(Files.readString(armed(next))))
          : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The faults that were injected, in order. */
  public List<FaultEvent> events() throws IOException {
    List<FaultEvent> events = new ArrayList<>();
    for (int number = 0; Files.exists(event(number)); number++) {
      String[] words = Files.readString(event(number)).split(" ", -1);
      events.add(
          new FaultEvent(
              Fault.parse(Files.readString(armed(number))),
              Long.parseLong(words[0]),
              Long.parseLong(words[1]),
              Long.parseLong(words[2])));
    }
    return events;
  }

  // ---- the JVMs under test
  // -------------------------------------------------------------------

  /**
   * Reports that this JVM has reached a moment of the run; does not return if it is killed there.
   */
  public void reach(FaultPoint point, long step) {
    Optional<Fault> due = pending().filter(fault -> fault.isDue(point, step));
    // The other threads of a JVM that is being killed run on for a moment.
    if (due.isPresent() && !isDying()) {
      reach(point, step, fault -> fault.action().applyToThisJvm());
    }
  }

  private boolean isDying() {
    long own = ProcessHandle.current().pid();
    try {
      return events().stream()
          .anyMatch(event -> event.process() == own && event.fault().action() == FaultAction.KILL);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same, with something else to do where a fault is due. */
  public void reach(FaultPoint point, long step, Consumer<Fault> apply) {
    Optional<Fault> due = claim(point, step);
    due.ifPresent(apply);
  }

  private synchronized Optional<Fault> claim(FaultPoint point, long step) {
    Optional<Fault> fault = pending().filter(one -> one.isDue(point, step));
    if (fault.isEmpty()) {
      return fault;
    }
    String line = ProcessHandle.current().pid() + " " + step + " " + System.currentTimeMillis();
    try {
      // Whole from the moment on at which others see it.
      Path whole = Files.writeString(Files.createTempFile(folder, "writing", ""), line);
      try {
        Files.createLink(event(next), whole);
      } finally {
        Files.delete(whole);
      }
      return fault;
    } catch (FileAlreadyExistsException e) {
      // Another JVM reached the moment first.
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path armed(int number) {
    return folder.resolve("armed-" + number);
  }

  private Path event(int number) {
    return folder.resolve("event-" + number);
  }
}
