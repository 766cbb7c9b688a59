package dev.lockstep.trainer.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.checkpoint.Faults;
import dev.lockstep.trainer.checkpoint.FaultyFiles;
import dev.lockstep.trainer.checkpoint.FaultyFiles.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RunFolderTest {

  @TempDir private Path folder;

  /** Fails one operation, or ends the process there. */
  private static final class FaultAt implements Faults {

    private final Ending ending;
    private final int at;
    private int operations;
    private boolean struck;

    FaultAt(Ending ending, int at) {
      this.ending = ending;
      this.at = at;
    }

    @Override
    public Fault before(Operation operation, Path path) {
      operations++;
      if (struck && ending == Ending.KILL) {
        throw new Died();
      }
      if (operations != at) {
        return Fault.NONE;
      }
      struck = true;
      if (ending == Ending.KILL) {
        throw new Died();
      }
      return operation == Operation.DELETE || operation == Operation.RENAME
          ? Fault.REFUSED
          : Fault.FAILED;
    }

    @Override
    public int pick(int bound) {
      return 0;
    }
  }

  private enum Ending {
    KILL,
    FAILURE
  }

  @ParameterizedTest
  @EnumSource
  void anOutputIsTheOldOrTheNewOneWhereverWritingEnds(Kind kind) throws IOException {
    for (Ending ending : Ending.values()) {
      int at = 0;
      boolean struck = true;
      while (struck) {
        FaultAt fault = new FaultAt(ending, ++at);
        String name = kind + "-" + ending + "-" + at;
        Path out = Files.createDirectory(folder.resolve(name));
        Files.writeString(out.resolve(RunFolder.MODEL), "old");
        RunFolder outputs =
            new RunFolder(
                FaultyFiles.path(name, out).toString(), FaultyFiles.mount(name, kind, fault));
        boolean done = false;
        try {
          outputs.write(RunFolder.MODEL, "the new one");
          done = true;
        } catch (IOException | Faults.Died e) {
          // The content tells what came of it.
        }
        String found = Files.readString(out.resolve(RunFolder.MODEL));
        assertTrue(found.equals("old") || found.equals("the new one"), name + ": " + found);
        if (done) {
          assertEquals("the new one", found, name);
        }
        struck = fault.struck;
      }
      assertTrue(at > 2, "no operation was struck");
    }
  }

  @ParameterizedTest
  @EnumSource
  void contentThatCannotBeMadeLeavesTheOldOutput(Kind kind) throws IOException {
    Path out = Files.createDirectory(folder.resolve("content"));
    Files.writeString(out.resolve(RunFolder.MODEL), "old");
    String name = "content-" + kind;
    RunFolder outputs =
        new RunFolder(
            FaultyFiles.path(name, out).toString(),
            FaultyFiles.mount(name, kind, new FaultAt(Ending.FAILURE, -1)));
    IOException failed =
        assertThrows(
            IOException.class,
            () ->
                outputs.write(
                    RunFolder.MODEL,
                    stream -> {
                      stream.write(new byte[100_000]);
                      throw new IOException("no more");
                    }));
    assertEquals("no more", failed.getMessage());
    assertEquals("old", Files.readString(out.resolve(RunFolder.MODEL)));
    try (Stream<Path> files = Files.list(out)) {
      assertEquals(1, files.count(), "nothing half-written is left");
    }
  }
}
