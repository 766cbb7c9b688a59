package dev.lockstep.trainer.checkpoint;

import java.io.IOException;
import org.apache.hadoop.fs.Path;

/** A checkpoint whose files were found damaged, and what becomes of its folder. */
final class DamagedCheckpoint {

  /** Begins the name of a folder that was set aside. */
  static final String PREFIX = "damaged-";

  private final CheckpointFiles files;
  private final Path folder;
  private final StepFolder at;
  private final String why;

  /**
   * Changes nothing yet.
   *
   * @param folder of all checkpoints
   * @param at the damaged one
   * @param why what was found
   */
  DamagedCheckpoint(CheckpointFiles files, Path folder, StepFolder at, String why) {
    this.files = files;
    this.folder = folder;
    this.at = at;
    this.why = why;
  }

  /** Moves it away; returns a line that says so. */
  String setAside() throws IOException {
    Path to = new Path(folder, PREFIX + at.path().getName());
    for (int i = 2; files.exists(to); i++) {
      to = new Path(folder, PREFIX + at.path().getName() + "-" + i);
    }
    files.rename(at.path(), to);
    return line(" and was set aside as " + to);
  }

  /** Moves it away; returns a line that says so, or that it stays and is passed over. */
  String setAsideIfPossible() {
    try {
      return setAside();
    } catch (IOException e) {
      return notSetAside(e);
    }
  }

  String notSetAside(IOException e) {
    return line(" and cannot be set aside (" + e.getMessage() + ")");
  }

  private String line(String outcome) {
    return "the checkpoint of step %d is damaged%s: %s".formatted(at.step(), outcome, why);
  }
}
