package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.RunNote;
import dev.lockstep.trainer.plan.RunIdentity;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** A run whose vectors follow from the step alone, as those of a training do. */
final class SampleRun {

  static final String RUN = "run-1";
  static final RunIdentity DETERMINANTS = RunIdentity.of(Map.of("seed", "42", "model", "mlp"));
  static final int STATE_VECTORS = 2;

  private final int parameters;
  private final int servers;
  private final int virtualWorkers;

  SampleRun(int parameters, int servers, int virtualWorkers) {
    this.parameters = parameters;
    this.servers = servers;
    this.virtualWorkers = virtualWorkers;
  }

  /** Writes all files of a checkpoint; not its manifest. */
  CheckpointManifest write(CheckpointStore store, long step, int attempt) throws IOException {
    return write(store, step, attempt, progress(step));
  }

  CheckpointManifest write(CheckpointStore store, long step, int attempt, RunProgress progress)
      throws IOException {
    List<CheckpointManifest.ShardEntry> shards = new ArrayList<>();
    for (int server = 0; server < servers; server++) {
      shards.add(store.writeShard(shard(step, server), server, attempt));
    }
    List<CheckpointManifest.ReplicaEntry> replicas = new ArrayList<>();
    for (int v = 0; v < virtualWorkers; v++) {
      replicas.add(
          store.writeReplica(
              new ReplicaFile(v, step, new float[][] {vector(step, 100 + v)}), attempt));
    }
    return manifest(step, attempt, progress, shards, replicas);
  }

  CheckpointManifest manifest(
      long step,
      int attempt,
      RunProgress progress,
      List<CheckpointManifest.ShardEntry> shards,
      List<CheckpointManifest.ReplicaEntry> replicas) {
    return new CheckpointManifest(
        CheckpointManifest.FORMAT_VERSION,
        RUN,
        attempt,
        step,
        progress.epochs().size(),
        parameters,
        virtualWorkers,
        42,
        "data",
        "bits",
        DETERMINANTS.sha256(),
        DETERMINANTS,
        progress,
        shards,
        replicas);
  }

  ShardFile shard(long step, int server) {
    int begin = server * (parameters / servers);
    int end = server == servers - 1 ? parameters : (server + 1) * (parameters / servers);
    float[][] state = new float[STATE_VECTORS][];
    for (int i = 0; i < STATE_VECTORS; i++) {
      state[i] = Arrays.copyOfRange(vector(step, 1 + i), begin, end);
    }
    return new ShardFile(begin, step, Arrays.copyOfRange(vector(step, 0), begin, end), state);
  }

  float[] vector(long step, int number) {
    SplittableRandom random = new SplittableRandom(step * 1_000 + number);
    float[] vector = new float[parameters];
    for (int i = 0; i < parameters; i++) {
      vector[i] = Float.intBitsToFloat(random.nextInt() & 0x7f7fffff);
    }
    return vector;
  }

  static RunProgress progress(long step) {
    return new RunProgress(
        step * 32,
        20,
        Double.NaN,
        20,
        1,
        2.5,
        List.of(
            new EpochMetrics(
                1, step, step * 32, 0.5, Double.NaN, 0.9, Double.POSITIVE_INFINITY, 3.25)),
        List.of(1.0, Double.NEGATIVE_INFINITY),
        List.of(new RateCut(3, 0.5)),
        List.of(new RunNote(7, "a note")));
  }

  /** That every bit of a checkpoint is as it was written. */
  void requireSame(CheckpointStore store, CheckpointStore.Snapshot snapshot) throws IOException {
    long step = snapshot.manifest().step();
    assertEquals(progress(step), snapshot.manifest().progress());
    assertArrayEquals(vector(step, 0), snapshot.theta());
    assertEquals(STATE_VECTORS, snapshot.state().length);
    for (int i = 0; i < STATE_VECTORS; i++) {
      assertArrayEquals(vector(step, 1 + i), snapshot.state()[i]);
    }
    assertEquals(virtualWorkers, snapshot.manifest().replicas().size());
    for (CheckpointManifest.ReplicaEntry replica : snapshot.manifest().replicas()) {
      assertArrayEquals(
          vector(step, 100 + replica.virtualWorker()),
          store.readReplica(step, replica).vectors()[0]);
    }
  }
}
