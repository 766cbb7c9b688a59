package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.checkpoint.FaultyFiles.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Attempts that are still there when another one has begun. */
class OvertakenAttemptTest {

  private static final Retention LAST = new Retention(1, null);
  private static final long BOUND = 60;

  private final SampleRun run = new SampleRun(50, 2, 1);
  private final ExecutorService slow = Executors.newSingleThreadExecutor();

  @TempDir(factory = MemoryFolder.class)
  private Path folder;

  @AfterEach
  void stop() {
    slow.shutdownNow();
  }

  /** Stops whoever comes to an operation, until it is let go on. */
  private static final class Pause implements Faults {

    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private int left = Integer.MAX_VALUE;

    @Override
    public Fault before(Operation operation, Path path) {
      if (left-- == 0) {
        reached.countDown();
        try {
          assertTrue(goOn.await(BOUND, TimeUnit.SECONDS), "nobody let it go on");
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      return Fault.NONE;
    }

    @Override
    public int pick(int bound) {
      return 0;
    }
  }

  @ParameterizedTest
  @EnumSource
  void doesNoHarmWhereverItWasHeldUp(Kind kind) throws Exception {
    int fenced = 0;
    int returned = 0;
    for (int operation = 0; ; operation++) {
      String name = kind + "-" + operation;
      Path checkpoints = Files.createDirectory(folder.resolve(name));
      Pause pause = new Pause();
      CheckpointStore first = store(name + "-first", checkpoints, kind, pause);
      CheckpointStore second = store(name + "-second", checkpoints, kind, new Pause());
      int attempt = claim(first);
      first.commit(run.write(first, 10, attempt));
      first.commit(run.write(first, 20, attempt));
      pause.left = operation;
      Future<String> outcome = slow.submit(new Committing(first, attempt));
      if (!isReached(pause, outcome)) {
        assertEquals("committed", outcome.get(BOUND, TimeUnit.SECONDS));
        break;
      }
      int later = claim(second);
      assertEquals(attempt + 1, later);
      long step = SampleRun.newestSound(second, OvertakenAttemptTest::never).orElseThrow().step();
      for (int i = 0; i < 2; i++) {
        step += 10;
        second.commit(run.write(second, step, later));
        second.retain(LAST);
      }
      pause.goOn.countDown();
      switch (outcome.get(BOUND, TimeUnit.SECONDS)) {
        case "fenced" -> fenced++;
        case "committed" -> {
          // It had committed when the other began, and was held up while it deleted.
          assertTrue(step >= 50, "step " + step);
          returned++;
        }
        default -> {}
      }
      CheckpointManifest newest =
          SampleRun.newestSound(second, OvertakenAttemptTest::never).orElseThrow();
      assertEquals(step, newest.step());
      run.requireSame(second, newest);
      second.commit(run.write(second, step + 10, later));
      second.retain(LAST);
      assertEquals(
          step + 10,
          SampleRun.newestSound(second, OvertakenAttemptTest::never).orElseThrow().step());
    }
    assertTrue(fenced > 10 && returned > 3, fenced + " fenced, " + returned + " returned");
  }

  private boolean isReached(Pause pause, Future<String> outcome) throws InterruptedException {
    while (!outcome.isDone()) {
      if (pause.reached.await(1, TimeUnit.MILLISECONDS)) {
        return true;
      }
    }
    return false;
  }

  private static void never(String warning) {
    throw new AssertionError(warning);
  }

  private static CheckpointStore store(String name, Path checkpoints, Kind kind, Faults faults) {
    return new CheckpointStore(
        FaultyFiles.path(name, checkpoints), FaultyFiles.mount(name, kind, faults));
  }

  private static int claim(CheckpointStore store) throws IOException {
    return store.claim(SampleRun.RUN, SampleRun.IDENTITY, Instant.EPOCH).attempt();
  }

  private final class Committing implements Callable<String> {

    private final CheckpointStore store;
    private final int attempt;

    Committing(CheckpointStore store, int attempt) {
      this.store = store;
      this.attempt = attempt;
    }

    @Override
    public String call() throws IOException {
      CheckpointManifest manifest;
      try {
        manifest = run.write(store, 30, attempt);
      } catch (IOException e) {
        return "not written";
      }
      try {
        store.commit(manifest);
      } catch (FencedException e) {
        return "fenced";
      }
      store.retain(LAST);
      return "committed";
    }
  }

  @Test
  void isRefusedAndToldByWhom() throws IOException {
    CheckpointStore store = store("refused", folder, Kind.LOCAL, new Pause());
    int first = claim(store);
    store.claim(SampleRun.RUN, SampleRun.IDENTITY, Instant.parse("2026-01-02T03:04:05Z"));
    CheckpointManifest manifest = run.write(store, 10, first);
    assertEquals(
        "checkpoint of step 10: attempt=1 < 2, an attempt of the same run that has begun at"
            + " 2026-01-02T03:04:05Z in the same folder: this one writes no more; let the other go"
            + " on, or stop it and start again",
        assertThrows(FencedException.class, () -> store.commit(manifest)).getMessage());
    assertFalse(SampleRun.newestSound(store, OvertakenAttemptTest::never).isPresent());
  }

  @Test
  void everyDriverGetsANumberOfItsOwn() throws ExecutionException, InterruptedException {
    ExecutorService drivers = Executors.newFixedThreadPool(4);
    try {
      List<Future<Integer>> claims = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        String name = "driver-" + i;
        claims.add(drivers.submit(() -> claim(store(name, folder, Kind.LOCAL, new Pause()))));
      }
      List<Integer> numbers = new ArrayList<>();
      for (Future<Integer> claim : claims) {
        numbers.add(claim.get());
      }
      assertEquals(
          IntStream.rangeClosed(1, 20).boxed().toList(), numbers.stream().sorted().toList());
    } finally {
      drivers.shutdownNow();
    }
  }

  @Test
  void aClaimThatCannotBeReadKeepsItsNumber() throws IOException {
    CheckpointStore store = store("unreadable", folder, Kind.LOCAL, new Pause());
    assertEquals(1, claim(store));
    assertEquals(2, claim(store));
    Files.writeString(folder.resolve("attempt-00002.json"), "{");
    assertEquals(1, store.newestClaim().orElseThrow().attempt());
    assertEquals(3, claim(store));
  }
}
