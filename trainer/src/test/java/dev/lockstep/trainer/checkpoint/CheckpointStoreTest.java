package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.checkpoint.Faults.Fault;
import dev.lockstep.trainer.checkpoint.Faults.Operation;
import dev.lockstep.trainer.checkpoint.FaultyFiles.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTest {

  private static final int P = 150_000;
  private static final List<String> NONE = List.of();

  private final SampleRun run = new SampleRun(P, 3, 2);
  private final List<String> warnings = new ArrayList<>();

  @TempDir(factory = MemoryFolder.class)
  private Path folder;

  private CheckpointStore store;

  @BeforeEach
  void open() {
    store = new CheckpointStore(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration());
  }

  // ---- whole ----------------------------------------------------------------------------------

  @Test
  void whatWasWrittenIsReadWhole() throws IOException {
    CheckpointManifest manifest = commit(7);
    assertEquals(manifest, newest());
    run.requireSame(store, manifest);
    assertEquals(List.of(manifest), store.complete());
    assertEquals(NONE, warnings);
  }

  @Test
  void nothingButTheFilesOfTheCheckpointIsWritten() throws IOException {
    commit(7);
    assertEquals(
        List.of(
            "manifest.json",
            "replica-00000.attempt-1",
            "replica-00001.attempt-1",
            "shard-00000.attempt-1",
            "shard-00001.attempt-1",
            "shard-00002.attempt-1"),
        names(at(7)));
  }

  @Test
  void withoutItsManifestACheckpointDoesNotExist() throws IOException {
    run.write(store, 7, 1);
    assertFalse(SampleRun.newestSound(store, warnings::add).isPresent());
    assertEquals(List.of(), store.complete());
    assertEquals(NONE, warnings);
  }

  @Test
  void shardsThatDoNotCoverAllParametersAreNoCheckpoint() throws IOException {
    List<CheckpointManifest.ShardEntry> shards = run.write(store, 7, 1).contents().shards();
    assertEquals(
        "no shard holds element 0 of θ",
        assertThrows(IllegalArgumentException.class, () -> manifest(shards.subList(1, 3)))
            .getMessage());
    assertEquals(
        "shards end at 100000 != parameters=150000",
        assertThrows(IllegalArgumentException.class, () -> manifest(shards.subList(0, 2)))
            .getMessage());
  }

  private CheckpointManifest manifest(List<CheckpointManifest.ShardEntry> shards) {
    return run.manifest(7, 1, SampleRun.progress(7), shards, List.of());
  }

  // ---- committing -----------------------------------------------------------------------------

  @Test
  void aStepThatIsCompleteStaysAsItIs() throws IOException {
    CheckpointManifest first = commit(7);
    store.commit(run.write(store, 7, 2));
    assertEquals(first, newest());
    assertEquals(6, names(at(7)).size());
    store.commit(first);
    run.requireSame(store, newest());
  }

  @Test
  void aStepThatWasTakenInAnotherWayIsReplaced() throws IOException {
    commit(7);
    RunProgress before = SampleRun.progress(7);
    RunProgress cut =
        new RunProgress(
            before.examples(),
            before.skippedSteps(),
            before.seconds(),
            before.openEpoch(),
            before.epochs(),
            new RunProgress.Rates(
                before.rates().scales(), List.of(new RateCut(3, 0.5), new RateCut(5, 0.5))),
            before.notes());
    CheckpointManifest again = run.write(store, 7, 2, cut);
    store.commit(again);
    assertEquals(again, newest());
    assertEquals(NONE, warnings);
  }

  @Test
  void aFileThatIsMissingOrTooShortIsFoundBeforeTheCommit() throws IOException {
    commit(7);
    CheckpointManifest manifest = run.write(store, 8, 1);
    Path shard = at(8).resolve("shard-00001.attempt-1");
    byte[] bytes = Files.readAllBytes(shard);
    Files.write(shard, java.util.Arrays.copyOf(bytes, 100));
    String cut = assertThrows(IOException.class, () -> store.commit(manifest)).getMessage();
    assertTrue(cut.startsWith("cannot write "), cut);
    assertTrue(
        cut.endsWith(
            "/shard-00001.attempt-1 has 100 bytes != 600188 that were written: the file is"
                + " truncated; the checkpoint of step 7 is untouched"),
        cut);
    Files.delete(shard);
    String missing = assertThrows(IOException.class, () -> store.commit(manifest)).getMessage();
    assertTrue(
        missing.endsWith(
            "/shard-00001.attempt-1 is missing, which the manifest names; the checkpoint of step 7"
                + " is untouched"),
        missing);
    assertEquals(7, newest().step());
  }

  @Test
  void aFolderOfAnotherRunIsRefused() throws IOException {
    store.claim("run-2", SampleRun.IDENTITY, Instant.EPOCH);
    String claimed =
        assertThrows(
                IOException.class,
                () -> store.claim(SampleRun.RUN, SampleRun.IDENTITY, Instant.EPOCH))
            .getMessage();
    assertTrue(
        claimed.endsWith(
            " holds checkpoints of run run-2, not of run run-1: name another folder with --out"),
        claimed);
    CheckpointManifest manifest = run.write(store, 7, 1);
    assertEquals(
        claimed, assertThrows(IOException.class, () -> store.commit(manifest)).getMessage());
  }

  @Test
  void aClaimSaysWhatDeterminesTheRun() throws IOException {
    assertFalse(store.newestClaim().isPresent());
    Instant at = Instant.parse("2026-01-02T03:04:05.678Z");
    AttemptClaim claim = store.claim(SampleRun.RUN, SampleRun.IDENTITY, at);
    assertEquals(new AttemptClaim(SampleRun.RUN, 1, at, SampleRun.IDENTITY), claim);
    assertEquals(claim, store.newestClaim().orElseThrow());
  }

  @Test
  void whereNoClaimCanBeReadTheNewestCheckpointSaysWhoseTheFolderIs() throws IOException {
    store.claim(SampleRun.RUN, SampleRun.IDENTITY, Instant.EPOCH);
    Files.writeString(folder.resolve("attempt-00001.json"), "no JSON at all");
    assertFalse(store.newestClaim().isPresent());
    commit(7);
    assertEquals(
        new AttemptClaim(SampleRun.RUN, 1, Instant.EPOCH, SampleRun.IDENTITY),
        store.newestClaim().orElseThrow());
    assertEquals(2, store.claim(SampleRun.RUN, SampleRun.IDENTITY, Instant.EPOCH).attempt());
    assertEquals(7, newest().step());
  }

  @Test
  void aCheckpointThatAnotherRunPutIntoTheFolderIsPassedOver() throws IOException {
    commit(7);
    commit(9);
    store.claim("run-2", SampleRun.IDENTITY, Instant.EPOCH);
    assertFalse(SampleRun.newestSound(store, warnings::add).isPresent());
    assertEquals(List.of(), store.complete());
    store.retain(new Retention(1, null));
    Files.delete(at(9).resolve("shard-00000.attempt-1"));
    assertFalse(SampleRun.newestSound(store, warnings::add).isPresent());
    assertEquals(NONE, warnings);
    assertTrue(Files.exists(at(7).resolve("manifest.json")));
  }

  @Test
  void whereNoClaimIsLeftTheNumbersOfAttemptsGoOn() throws IOException {
    store.commit(run.write(store, 7, 3));
    assertEquals(4, store.claim(SampleRun.RUN, SampleRun.IDENTITY, Instant.EPOCH).attempt());
  }

  // ---- faults of disks ------------------------------------------------------------------------

  @Test
  void aFullDiskIsNamedWithStepFileAndWhatIsLeft() throws IOException {
    commit(7);
    String message =
        assertThrows(
                IOException.class,
                () -> run.write(faulty(Operation.CREATE, "shard-00001", Fault.FULL), 8, 1))
            .getMessage();
    assertTrue(message.startsWith("cannot write faulty://"), message);
    assertTrue(
        message.endsWith(
            "/step-000000000008/shard-00001.attempt-1: No space left on device; the checkpoint of"
                + " step 7 is untouched"),
        message);
    assertEquals(List.of("shard-00000.attempt-1"), names(at(8)), "what fills the disk goes");
    assertEquals(7, newest().step());
  }

  @Test
  void aFolderThatMustNotBeWrittenIsNamed() {
    String message =
        assertThrows(
                IOException.class,
                () -> run.write(faulty(Operation.CREATE, "shard-00000", Fault.DENIED), 8, 1))
            .getMessage();
    assertTrue(
        message.endsWith(
            "shard-00000.attempt-1 (Permission denied); there is no earlier checkpoint"),
        message);
  }

  @Test
  void aManifestThatIsNotRenamedIsNoCheckpoint() throws IOException {
    commit(7);
    CheckpointStore faulty = faulty(Operation.CLOSE, "manifest", Fault.FAILED);
    CheckpointManifest manifest = run.write(faulty, 8, 1);
    String message = assertThrows(IOException.class, () -> faulty.commit(manifest)).getMessage();
    assertTrue(
        message.endsWith("Input/output error; the checkpoint of step 7 is untouched"), message);
    assertEquals(7, newest().step());
    assertEquals(NONE, warnings);
    store.commit(manifest);
    assertEquals(8, newest().step());
  }

  @Test
  void whatMayNotBeReadIsNotTakenForDamagedOrMissing() throws IOException {
    commit(7);
    commit(8);
    for (String file : List.of("manifest", "shard-00001", "replica-00001")) {
      CheckpointStore faulty = faulty(Operation.OPEN, file, Fault.DENIED);
      String message =
          assertThrows(IOException.class, () -> SampleRun.newestSound(faulty, warnings::add))
              .getMessage();
      assertTrue(
          message.startsWith("cannot read the checkpoint of step 8, nothing was changed: "),
          message);
      assertTrue(message.contains("(Permission denied); if it stays so, move "), message);
    }
    assertEquals(8, newest().step());
    assertEquals(NONE, warnings);
  }

  @Test
  void aBitThatIsReadWrongOnceIsReadAgain() throws IOException {
    commit(7);
    boolean[] flipped = new boolean[1];
    CheckpointStore faulty =
        faulty(
            (operation, path) -> {
              if (operation == Operation.OPEN && path.contains("shard-00001") && !flipped[0]) {
                flipped[0] = true;
                return Fault.FLIPPED;
              }
              return Fault.NONE;
            });
    run.requireSame(faulty, SampleRun.newestSound(faulty, warnings::add).orElseThrow());
    assertTrue(flipped[0]);
    assertEquals(NONE, warnings);
  }

  @Test
  void aFlippedBitIsFoundInEveryFileAndTheCheckpointSetAside() throws IOException {
    long step = 10;
    commit(step);
    for (String file :
        List.of("shard-00000.attempt-1", "replica-00001.attempt-1", "manifest.json")) {
      commit(++step);
      Path damaged = at(step).resolve(file);
      byte[] bytes = Files.readAllBytes(damaged);
      bytes[bytes.length / 2] ^= 4;
      Files.write(damaged, bytes);
      warnings.clear();
      assertEquals(10, newest().step());
      assertEquals(1, warnings.size());
      String warning = warnings.get(0);
      assertTrue(
          warning.matches(
              "the checkpoint of step %d is damaged and was set aside as .*/damaged-step-0*%d: .*/%s: CRC32C=[0-9a-f]{8} != [0-9a-f]{8} .*"
                  .formatted(step, step, file)),
          warning);
      assertEquals(6, names(folder.resolve("damaged-" + at(step).getFileName())).size());
    }
    run.requireSame(store, newest());
  }

  @Test
  void aTruncatedOrMissingFileIsNamed() throws IOException {
    commit(7);
    commit(8);
    Path shard = at(8).resolve("shard-00002.attempt-1");
    Files.write(shard, java.util.Arrays.copyOf(Files.readAllBytes(shard), 99));
    assertEquals(7, newest().step());
    assertTrue(
        warnings
            .get(0)
            .endsWith(
                "/shard-00002.attempt-1 has 99 bytes != 600188 that were written: the file is"
                    + " truncated"),
        warnings.toString());
    commit(8);
    Files.delete(at(8).resolve("replica-00000.attempt-1"));
    assertEquals(7, newest().step());
    assertTrue(
        warnings.get(1).contains("/damaged-step-000000000008-2: ")
            && warnings
                .get(1)
                .endsWith("/replica-00000.attempt-1 is missing, which the manifest names"),
        warnings.toString());
  }

  @Test
  void aManifestOfNonsenseIsNamed() throws IOException {
    commit(7);
    commit(8);
    Files.writeString(at(8).resolve("manifest.json"), "no JSON at all");
    assertEquals(7, newest().step());
    assertTrue(
        warnings.get(0).contains("manifest.json is not the manifest of a checkpoint: "),
        warnings.toString());
  }

  @Test
  void aCheckpointOfAnotherVersionIsRefusedAndStays() throws IOException {
    Files.createDirectories(at(7));
    Files.writeString(at(7).resolve("manifest.json"), "{\"formatVersion\" : 1, \"run\" : \"r\"}");
    String message =
        assertThrows(IOException.class, () -> SampleRun.newestSound(store, warnings::add))
            .getMessage();
    assertTrue(
        message.contains(
            "manifest.json: the manifest of a checkpoint of format version 1 != 3 of this Lockstep:"
                + " resume with the version that wrote it, or train into another folder"),
        message);
    assertEquals(List.of("manifest.json"), names(at(7)));
  }

  @Test
  void whatCannotBeSetAsideIsSaidAndTheOneBeforeTaken() throws IOException {
    commit(7);
    commit(8);
    Files.delete(at(8).resolve("shard-00000.attempt-1"));
    CheckpointStore faulty = faulty(Operation.RENAME, "step-", Fault.REFUSED);
    assertEquals(7, SampleRun.newestSound(faulty, warnings::add).orElseThrow().step());
    assertTrue(warnings.get(0).contains(" and cannot be set aside (cannot rename "));
    // Whoever comes to the step again replaces it.
    commit(8);
    run.requireSame(store, newest());
    assertEquals(8, newest().step());
  }

  // ---- keeping --------------------------------------------------------------------------------

  @Test
  void theLastOnesStayAndLaterOnesAreNotTouched() throws IOException {
    for (long step : List.of(7, 8, 9, 10)) {
      commit(step);
    }
    run.write(store, 30, 1);
    store.retain(new Retention(2, null));
    assertEquals(List.of(9L, 10L), steps());
    assertEquals(5, names(at(30)).size());
  }

  @Test
  void whatWasNeverCompletedGoesOnceALaterStepIs() throws IOException {
    run.write(store, 7, 1);
    commit(8);
    run.write(store, 8, 0);
    run.write(store, 8, 2);
    commit(9);
    run.write(store, 9, 0);
    run.write(store, 9, 2);
    store.retain(new Retention(2, null));
    assertFalse(Files.exists(at(7)));
    assertEquals(6, names(at(8)).size());
    assertEquals(11, names(at(9)).size(), "attempt 2 may be on its way there");
    run.requireSame(store, newest());
  }

  @Test
  void aDamagedCheckpointIsNeitherCountedNorDeleted() throws IOException {
    commit(7);
    commit(8);
    commit(9);
    Files.delete(at(9).resolve("shard-00000.attempt-1"));
    Files.delete(at(8).resolve("shard-00000.attempt-1"));
    store.retain(new Retention(1, null));
    assertEquals(
        List.of("step-000000000007", "step-000000000008", "step-000000000009"), names(folder));
    assertEquals(7, newest().step());
  }

  @Test
  void goingBackDeletesTheStepsAfter() throws IOException {
    for (long step : List.of(7, 8, 9)) {
      commit(step);
    }
    run.write(store, 10, 1);
    store.deleteAfter(7);
    assertEquals(List.of("step-000000000007"), names(folder));
  }

  @Test
  void whatCannotBeDeletedIsSaidAfterTheRestWas() throws IOException {
    for (long step : List.of(7, 8, 9)) {
      commit(step);
    }
    CheckpointStore faulty = faulty(Operation.DELETE, "step-000000000007", Fault.REFUSED);
    String message =
        assertThrows(IOException.class, () -> faulty.retain(new Retention(1, null))).getMessage();
    assertTrue(message.startsWith("a checkpoint that is not kept stays: cannot delete "), message);
    assertEquals(List.of(7L, 9L), steps());
  }

  // ---- means ----------------------------------------------------------------------------------

  private CheckpointManifest commit(long step) throws IOException {
    CheckpointManifest manifest = run.write(store, step, 1);
    store.commit(manifest);
    return manifest;
  }

  private CheckpointManifest newest() throws IOException {
    return SampleRun.newestSound(store, warnings::add).orElseThrow();
  }

  private List<Long> steps() throws IOException {
    return store.complete().stream().map(CheckpointManifest::step).toList();
  }

  private Path at(long step) {
    return folder.resolve("step-%012d".formatted(step));
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** Always the same fault, on one operation of files with such a name. */
  private CheckpointStore faulty(Operation operation, String name, Fault fault) {
    return faulty((each, path) -> each == operation && path.contains(name) ? fault : Fault.NONE);
  }

  private CheckpointStore faulty(BiFunction<Operation, String, Fault> choice) {
    Faults faults =
        new Faults() {
          @Override
          public Fault before(Operation operation, Path path) {
            return choice.apply(operation, path.toString());
          }

          @Override
          public int pick(int bound) {
            return bound / 2;
          }
        };
    String mount = folder.getFileName().toString();
    return new CheckpointStore(
        FaultyFiles.path(mount, folder), FaultyFiles.mount(mount, Kind.LOCAL, faults));
  }
}
