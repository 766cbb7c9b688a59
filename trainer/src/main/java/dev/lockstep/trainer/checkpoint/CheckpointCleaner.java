package dev.lockstep.trainer.checkpoint;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What is in the folder of checkpoints at one moment, and what of it may go. For one thread. */
final class CheckpointCleaner {

  /** A folder with a complete checkpoint. */
  private record Complete(StepFolder at, StepFolder.Content content, CheckpointManifest manifest) {}

  private final String run;
  private final List<Complete> complete = new ArrayList<>();
  private final List<StepFolder> incomplete = new ArrayList<>();

  /** Of one run: checkpoints of others are neither counted nor deleted. */
  CheckpointCleaner(String run) {
    this.run = run;
  }

  /** Looks at a folder; in the order of steps. */
  void add(StepFolder at) throws IOException {
    StepFolder.Content content = at.content();
    try {
      Optional<CheckpointManifest> manifest = content.complete();
      if (manifest.isEmpty()) {
        incomplete.add(at);
      } else if (manifest.get().run().equals(run)) {
        complete.add(new Complete(at, content, manifest.get()));
      }
    } catch (DamagedFileException e) {
      // Neither counted nor deleted: whoever resumes sets it aside and says so.
    }
  }

  void deleteAllBut(Retention retention) throws IOException {
    if (complete.isEmpty()) {
      return;
    }
    Complete newest = complete.get(complete.size() - 1);
    Set<Long> kept = retention.kept(complete.stream().map(Complete::manifest).toList());
    Deletions deletions = new Deletions();
    for (Complete each : complete) {
      if (!kept.contains(each.at().step())) {
        deletions.run(() -> each.at().delete());
        continue;
      }
      // Beside the newest one, a later attempt may be writing.
      boolean isNewest = each.at().step() == newest.at().step();
      int attempts = isNewest ? each.manifest().attempt() - 1 : Integer.MAX_VALUE;
      for (String part : each.content().partsBeside(each.manifest(), attempts)) {
        deletions.run(() -> each.at().delete(part));
      }
      if (!isNewest) {
        for (String unfinished : each.content().unfinishedManifests()) {
          deletions.run(() -> each.at().delete(unfinished));
        }
      }
    }
    for (StepFolder each : incomplete) {
      if (each.step() < newest.at().step()) {
        deletions.run(each::delete);
      }
    }
    deletions.requireAllDone();
  }

  /** One that fails does not keep the others from being done. */
  private static final class Deletions {

    private IOException failure;

    interface Deletion {
      void run() throws IOException;
    }

    void run(Deletion deletion) {
      try {
        deletion.run();
      } catch (IOException e) {
        if (failure == null) {
          failure = new IOException("a checkpoint that is not kept stays: " + e.getMessage(), e);
        } else {
          failure.addSuppressed(e);
        }
      }
    }

    void requireAllDone() throws IOException {
      if (failure != null) {
        throw failure;
      }
    }
  }
}
