package dev.lockstep.trainer.driver;

import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.checkpoint.Retention;
import dev.lockstep.trainer.control.WorkerAssignment;
import dev.lockstep.trainer.control.WorkerReport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Collects the files of checkpoints, which servers and virtual workers have written, and commits a
 * checkpoint when all of them are there. Lives on the driver; used by one thread.
 */
final class CheckpointCommitter {

  private final CheckpointStore checkpoints;
  private final Retention retention;
  private final TrainingObserver observer;
  private final RunNotes notes;
  private final NavigableMap<Long, Files> saved = new TreeMap<>();
  private WorkerAssignment assignment;
  private long committedStep = -1;

  /** Files of a checkpoint that is not complete yet. */
  record Files(
      List<CheckpointManifest.ShardEntry> shards, List<CheckpointManifest.ReplicaEntry> replicas) {

    Files() {
      this(new ArrayList<>(), new ArrayList<>());
    }
  }

  CheckpointCommitter(
      CheckpointStore checkpoints, Retention retention, TrainingObserver observer, RunNotes notes) {
    this.checkpoints = checkpoints;
    this.retention = retention;
    this.observer = observer;
    this.notes = notes;
  }

  /** Continues with the workers of another attempt: files of the one before do not count. */
  void begin(WorkerAssignment next) {
    assignment = next;
    saved.clear();
    committedStep = -1;
  }

  void shard(WorkerReport.ShardSaved one) {
    saved.computeIfAbsent(one.step(), step -> new Files()).shards().add(one.shard());
  }

  void replica(WorkerReport.ReplicaSaved one) {
    saved.computeIfAbsent(one.step(), step -> new Files()).replicas().add(one.replica());
  }

  /** Gives a checkpoint up; the one before it stays. */
  String lost(long step, String why) {
    saved.remove(step);
    String text = "checkpoint of step " + step + " not written: " + why;
    notes.show(text);
    notes.add(step, text);
    return text;
  }

  /** Steps whose files are all there, ascending. */
  List<Long> complete(int servers) {
    return saved.keySet().stream().filter(step -> isComplete(saved.get(step), servers)).toList();
  }

  private boolean isComplete(Files files, int servers) {
    int covered = files.shards().stream().mapToInt(entry -> entry.end() - entry.begin()).sum();
    // A server without a chunk of its own saves an empty shard.
    return covered == assignment.plan().server().layout().parameters()
        && files.shards().size() == servers
        && (!assignment.plan().savesReplicas()
            || files.replicas().size() == assignment.config().mode().virtualWorkers());
  }

  Files files(long step) {
    return saved.get(step);
  }

  /** Commits a checkpoint, then deletes those that are not to be kept. */
  void commit(CheckpointManifest manifest) throws IOException {
    long step = manifest.step();
    checkpoints.commit(manifest);
    saved.headMap(step, true).clear();
    committedStep = step;
    observer.checkpoint(step);
    deleteOld(step);
  }

  /** What cannot be deleted takes space, and does not harm the checkpoint. */
  private void deleteOld(long step) {
    try {
      checkpoints.retain(retention);
    } catch (IOException e) {
      notes.show("after the checkpoint of step " + step + ": " + e.getMessage());
    }
  }

  /** Steps of the last checkpoint that this attempt has committed; -1 if none. */
  long committedStep() {
    return committedStep;
  }
}
