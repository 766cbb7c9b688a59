package dev.lockstep.sharding.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.read.SampleData;
import dev.lockstep.sharding.read.SteppedFiles;
import dev.lockstep.sharding.read.SteppedFiles.Kind;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Jobs that write to one location at the same time, their steps in many seeded orders. */
class ConcurrentJobsTest {

  private static final Configuration CONF = new Configuration();
  private static final int SEEDS = 6;

  @TempDir Path folder;

  /** Lets one job at a time do a step, in an order drawn from a seed. */
  private static final class Turns {
    private final Random random;
    private final List<Integer> waiting = new ArrayList<>();
    private int running;
    private int turn = -1;

    Turns(long seed, int jobs) {
      random = new Random(seed);
      running = jobs;
    }

    synchronized void await(int job) {
      waiting.add(job);
      running--;
      choose();
      while (turn != job) {
        try {
          wait();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      turn = -1;
    }

    synchronized void end() {
      running--;
      choose();
    }

    private void choose() {
      if (running == 0 && !waiting.isEmpty()) {
        turn = waiting.remove(random.nextInt(waiting.size()));
        running = 1;
        notifyAll();
      }
    }
  }

  /** What became of a job: its dataset, or why there is none. */
  private record Outcome(ShardedDataset dataset, String refusal) {}

  private static Outcome job(
      Turns turns, int number, Kind kind, Path location, int examples, IfExists ifExists)
      throws IOException {
    SteppedFiles files = new SteppedFiles(kind, () -> turns.await(number));
    try (Staging staging =
        Staging.begin(files, new org.apache.hadoop.fs.Path(location.toUri()), ifExists)) {
      return new Outcome(SampleData.write(staging, files, examples), "");
    } catch (FileAlreadyExistsException e) {
      return new Outcome(null, e.getMessage());
    } finally {
      turns.end();
    }
  }

  private static List<Outcome> together(
      long seed, Kind kind, Path location, IfExists ifExists, int... examples) throws Exception {
    Turns turns = new Turns(seed, examples.length);
    ExecutorService threads = Executors.newFixedThreadPool(examples.length);
    try {
      List<Callable<Outcome>> jobs = new ArrayList<>();
      for (int j = 0; j < examples.length; j++) {
        int number = j;
        jobs.add(() -> job(turns, number, kind, location, examples[number], ifExists));
      }
      List<Outcome> outcomes = new ArrayList<>();
      for (Future<Outcome> each : threads.invokeAll(jobs, 60, TimeUnit.SECONDS)) {
        outcomes.add(each.get());
      }
      return outcomes;
    } catch (ExecutionException e) {
      throw new AssertionError("seed " + seed + ": " + e.getCause(), e);
    } finally {
      threads.shutdownNow();
    }
  }

  /** The dataset that stands, whole, and nothing beside it. */
  private static ShardedDataset standing(long seed, Path location) throws IOException {
    ShardedDataset opened = ShardedDatasets.open(location.toString(), CONF);
    ShardedDatasets.verify(opened, CONF);
    try (Stream<Path> left = Files.list(location)) {
      List<String> names = left.map(file -> file.getFileName().toString()).sorted().toList();
      assertEquals(2, names.size(), "seed " + seed + ": " + names);
    }
    return opened;
  }

  @ParameterizedTest
  @EnumSource
  void ofJobsThatReplaceOneStandsWhole(Kind kind) throws Exception {
    for (int seed = 0; seed < SEEDS; seed++) {
      Path location = folder.resolve("replace-" + seed);
      if (seed % 2 == 0) {
        SampleData.write(location.toString(), CONF, 50, 20, 8);
      }
      List<Outcome> outcomes =
          together(seed, kind, location, IfExists.REPLACE, 33, 45, seed % 3 == 0 ? 33 : 21);
      ShardedDataset stands = standing(seed, location);
      assertTrue(
          outcomes.stream().anyMatch(each -> stands.manifest().equals(each.dataset().manifest())),
          "seed " + seed);
    }
  }

  @ParameterizedTest
  @EnumSource
  void ofJobsThatDoNotReplaceTheFirstStands(Kind kind) throws Exception {
    for (int seed = 0; seed < SEEDS; seed++) {
      Path location = folder.resolve("refuse-" + seed);
      List<Outcome> outcomes = together(seed, kind, location, IfExists.REFUSE, 33, 45);
      ShardedDataset stands = standing(seed, location);
      assertEquals(
          List.of(stands.manifest()),
          outcomes.stream()
              .filter(each -> each.dataset() != null)
              .map(each -> each.dataset().manifest())
              .toList(),
          "seed " + seed);
      assertTrue(
          outcomes.stream()
              .anyMatch(each -> each.refusal().contains(" already holds a dataset: choose")));
    }
  }

  @ParameterizedTest
  @EnumSource
  void jobsThatMakeTheSameDatasetShareIt(Kind kind) throws Exception {
    for (int seed = 0; seed < SEEDS; seed++) {
      Path location = folder.resolve("same-" + seed);
      List<Outcome> outcomes = together(seed, kind, location, IfExists.REFUSE, 33, 33);
      ShardedDataset stands = standing(seed, location);
      for (Outcome each : outcomes) {
        assertTrue(
            each.dataset() == null
                ? each.refusal().contains(" already holds a dataset: choose")
                : each.dataset().manifest().equals(stands.manifest()),
            "seed " + seed);
      }
    }
  }
}
