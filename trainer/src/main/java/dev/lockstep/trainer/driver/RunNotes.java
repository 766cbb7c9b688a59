package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.metrics.RunNote;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lines about a run's course, which its next checkpoint and its record keep. Lives on the driver.
 */
final class RunNotes {

  private static final Logger LOG = LoggerFactory.getLogger(RunNotes.class);

  private final TrainingObserver observer;
  private final List<RunNote> notes = new ArrayList<>();

  RunNotes(TrainingObserver observer) {
    this.observer = observer;
  }

  /** Takes over the notes of a checkpoint, unless this command has notes, which include them. */
  void restore(List<RunNote> saved) {
    if (notes.isEmpty()) {
      notes.addAll(saved);
    }
  }

  void add(long step, String text) {
    notes.add(new RunNote(step, text));
  }

  /** Adds a warning and shows it, once: an attempt may repeat the steps of the one before. */
  void warn(long step, String text) {
    if (!notes.contains(new RunNote(step, text))) {
      show(text);
      add(step, text);
    }
  }

  /** Shows a warning that the run's record does not keep. */
  void show(String text) {
    LOG.warn("{}", text);
    observer.warning(text);
  }

  List<RunNote> all() {
    return List.copyOf(notes);
  }
}
