package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lockstep.ps.optim.ModelState;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.trainer.metrics.EpochMetrics;
import dev.lockstep.trainer.metrics.RunNote;
import dev.lockstep.trainer.plan.RunIdentity;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/** A run whose vectors follow from the step alone, as those of a training do. */
final class SampleRun {

  static final String RUN = "run-1";
  static final RunIdentity IDENTITY = RunIdentity.of(Map.of("seed", "42", "model", "mlp"));
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
        new AttemptId(RUN, attempt),
        step,
        "bits",
        IDENTITY,
        progress,
        new CheckpointManifest.Contents(parameters, virtualWorkers, shards, replicas));
  }

  ShardFile shard(long step, int server) {
    int begin = server * (parameters / servers);
    int end = server == servers - 1 ? parameters : (server + 1) * (parameters / servers);
    float[][] state = new float[STATE_VECTORS][];
    for (int i = 0; i < STATE_VECTORS; i++) {
      state[i] = Arrays.copyOfRange(vector(step, 1 + i), begin, end);
    }
    return new ShardFile(
        begin, step, new ModelState(Arrays.copyOfRange(vector(step, 0), begin, end), state));
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
        1,
        2.5,
        new RunProgress.EpochSums(20, Double.NaN, 20),
        List.of(
            new EpochMetrics(
                1, step, step * 32, 0.5, Double.NaN, 0.9, Double.POSITIVE_INFINITY, 3.25)),
        new RunProgress.Rates(List.of(1.0, Double.NEGATIVE_INFINITY), List.of(new RateCut(3, 0.5))),
        List.of(new RunNote(7, "a note")));
  }

  /** That every bit of a checkpoint is as it was written. */
  void requireSame(CheckpointStore store, CheckpointManifest manifest) throws IOException {
    long step = manifest.step();
    assertEquals(progress(step), manifest.progress());
    CheckpointReader reader = store.open(manifest);
    ModelState model = reader.read();
    assertArrayEquals(vector(step, 0), model.theta());
    assertEquals(STATE_VECTORS, model.state().length);
    for (int i = 0; i < STATE_VECTORS; i++) {
      assertArrayEquals(vector(step, 1 + i), model.state()[i]);
    }
    assertEquals(virtualWorkers, manifest.contents().replicas().size());
    for (int v = 0; v < virtualWorkers; v++) {
      assertArrayEquals(vector(step, 100 + v), reader.replica(v)[0]);
    }
  }

  /** The newest checkpoint all of whose bytes are sound; those that are not are set aside. */
  static Optional<CheckpointManifest> newestSound(CheckpointStore store, Consumer<String> warnings)
      throws IOException {
    while (true) {
      Optional<CheckpointManifest> newest = store.newest(warnings);
      if (newest.isEmpty()) {
        return newest;
      }
      try {
        CheckpointReader reader = store.open(newest.get());
        reader.read();
        for (CheckpointManifest.ReplicaEntry replica : newest.get().contents().replicas()) {
          reader.replica(replica.virtualWorker());
        }
        return newest;
      } catch (DamagedFileException e) {
        store.setAside(newest.get().step(), e.getMessage(), warnings);
      }
    }
  }
}
