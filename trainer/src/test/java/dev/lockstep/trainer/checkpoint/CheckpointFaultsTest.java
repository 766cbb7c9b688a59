package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.schedule.Plateau.Metric;
import dev.lockstep.trainer.checkpoint.Faults.Died;
import dev.lockstep.trainer.checkpoint.FaultyFiles.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Runs on disks that fail, in processes that end at any operation: whatever was committed is found
 * again, bit for bit.
 */
class CheckpointFaultsTest {

  private static final int SCENARIOS = 100;
  private static final Configuration SOUND = new Configuration();
  private static final Retention KEPT = new Retention(3, Metric.ACCURACY);

  private final SampleRun run = new SampleRun(50, 2, 2);
  private int damaged;
  private int died;
  private int failed;
  private int committed;
  private int spoiled;

  @TempDir(factory = MemoryFolder.class)
  private Path folder;

  /** One folder of checkpoints on a faulty disk, and what must be found in it. */
  private final class Scenario {

    private final String name;
    private final Path checkpoints;
    private final SeededFaults faults;
    private final CheckpointStore faulty;
    private final CheckpointStore sound;
    private long mustBeFound;
    private int spoiledSince;

    Scenario(String name, Kind kind, long seed) throws IOException {
      this.name = name;
      checkpoints = Files.createDirectory(folder.resolve(name));
      faults = new SeededFaults(seed);
      faulty =
          new CheckpointStore(
              FaultyFiles.path(name, checkpoints), FaultyFiles.mount(name, kind, faults));
      sound = new CheckpointStore(new org.apache.hadoop.fs.Path(checkpoints.toUri()), SOUND);
    }

    /** One attempt: from the newest checkpoint on some more. */
    void attempt(int checkpointsMore) {
      try {
        int attempt = faulty.claim(SampleRun.RUN, SampleRun.IDENTITY, Instant.EPOCH).attempt();
        Optional<CheckpointManifest> newest = SampleRun.newestSound(faulty, warning -> damaged++);
        long step = newest.isPresent() ? newest.get().step() : 0;
        for (int i = 0; i < checkpointsMore; i++) {
          step += 10;
          checkpoint(step, attempt);
        }
      } catch (IOException e) {
        failed++;
      } catch (Died e) {
        died++;
      }
    }

    private void checkpoint(long step, int attempt) {
      try {
        CheckpointManifest manifest = run.write(faulty, step, attempt);
        faulty.commit(manifest);
        committed++;
        if (manifest.contents().shards().stream().noneMatch(shard -> isSpoiled(step, shard.file()))
            && manifest.contents().replicas().stream()
                .noneMatch(one -> isSpoiled(step, one.file()))) {
          mustBeFound = Math.max(mustBeFound, step);
          spoiledSince = 0;
        } else if (++spoiledSince == KEPT.last()) {
          // Nobody noticed, and the last sound one was let go.
          mustBeFound = 0;
        }
        faulty.retain(KEPT);
      } catch (IOException e) {
        // Training goes on, with the checkpoint before.
        failed++;
      }
    }

    private boolean isSpoiled(long step, String file) {
      return faults
          .spoiled()
          .contains(checkpoints.resolve("step-%012d".formatted(step)).resolve(file));
    }

    void requireWhatWasCommitted() throws IOException {
      Optional<CheckpointManifest> newest = SampleRun.newestSound(sound, warning -> damaged++);
      long found = newest.isPresent() ? newest.get().step() : 0;
      assertTrue(
          found >= mustBeFound,
          () -> "%s: step %d was committed, %d found".formatted(name, mustBeFound, found));
      spoiledSince = 0;
      if (newest.isPresent()) {
        run.requireSame(sound, newest.get());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatWasCommittedIsFoundWhateverTheDiskDoes(Kind kind) throws IOException {
    for (int seed = 0; seed < SCENARIOS; seed++) {
      Random random = new Random(seed);
      Scenario scenario = new Scenario(kind + "-" + seed, kind, seed);
      for (int attempt = 0; attempt < 4; attempt++) {
        scenario.faults.fail(random.nextBoolean() ? 0.02 : 0.002);
        if (random.nextBoolean()) {
          scenario.faults.dieAfter(random.nextInt(150));
        }
        scenario.attempt(4);
        scenario.faults.stop();
        if (kind == Kind.LOCAL) {
          FaultyFiles.cutPower(scenario.name);
        }
        scenario.requireWhatWasCommitted();
      }
      spoiled += scenario.faults.spoiled().size();
    }
    List<Integer> happened = List.of(committed, failed, died, spoiled, damaged);
    assertTrue(
        committed > 400 && failed > 200 && died > 100 && spoiled > 20 && damaged > 2,
        happened.toString());
  }

  /**
   * Every moment of an attempt that resumes, sets a damaged checkpoint aside, commits and deletes.
   */
  @ParameterizedTest
  @EnumSource
  void whatWasCommittedIsFoundAtWhateverOperationTheProcessEnds(Kind kind) throws IOException {
    List<Long> found = new ArrayList<>();
    boolean ended = false;
    for (int operations = 0; !ended; operations++) {
      Scenario scenario = new Scenario(kind + "-ends-" + operations, kind, operations);
      scenario.attempt(3);
      flipABit(scenario.checkpoints.resolve("step-000000000030"));
      scenario.mustBeFound = 20;
      int diedBefore = died;
      scenario.faults.dieAfter(operations);
      scenario.attempt(2);
      ended = died == diedBefore;
      scenario.faults.stop();
      if (kind == Kind.LOCAL) {
        FaultyFiles.cutPower(scenario.name);
      }
      scenario.requireWhatWasCommitted();
      // Whoever comes next goes on as if nothing had been.
      scenario.attempt(1);
      scenario.requireWhatWasCommitted();
      found.add(scenario.mustBeFound);
    }
    assertTrue(found.size() > 100 && found.contains(30L) && found.contains(50L), found.toString());
  }

  private static void flipABit(Path step) throws IOException {
    Path shard = step.resolve("shard-00001.attempt-1");
    byte[] bytes = Files.readAllBytes(shard);
    bytes[bytes.length / 2] ^= 1;
    Files.write(shard, bytes);
  }

  @Test
  void aFaultySeedReplays() throws IOException {
    List<Integer> operations = new ArrayList<>();
    for (String name : List.of("first", "second")) {
      Scenario scenario = new Scenario(name, Kind.OBJECTS, 7);
      scenario.faults.fail(0.05);
      scenario.attempt(4);
      operations.add(scenario.faults.operations());
    }
    assertTrue(operations.get(0).equals(operations.get(1)), operations.toString());
  }
}
