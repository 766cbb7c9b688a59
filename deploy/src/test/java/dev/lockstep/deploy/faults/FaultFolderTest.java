package dev.lockstep.deploy.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each fault strikes once, in its turn, whichever JVM comes first. */
class FaultFolderTest {

  @TempDir private Path folder;
  private final List<Fault> struck = new ArrayList<>();

  @Test
  void aFaultStrikesOnceThoughTwoJvmsComeToItsMoment() throws IOException {
    FaultFolder one = new FaultFolder(folder);
    FaultFolder other = new FaultFolder(folder);
    Fault fault = Fault.kill(FaultPoint.BEFORE_PUSH, 7);
    one.arm(List.of(fault));
    assertEquals(Optional.of(fault), other.pending());

    one.reach(FaultPoint.BEFORE_PUSH, 6, struck::add);
    one.reach(FaultPoint.AFTER_REDUCE, 7, struck::add);
    assertFalse(one.isSpent());
    one.reach(FaultPoint.BEFORE_PUSH, 8, struck::add);
    other.reach(FaultPoint.BEFORE_PUSH, 8, struck::add);

    assertEquals(List.of(fault), struck);
    assertTrue(other.isSpent());
    Strike strike = other.strikes().get(0);
    assertEquals(8, strike.step());
    assertEquals(ProcessHandle.current().pid(), strike.process());
  }

  @Test
  void faultsWaitForThoseArmedBeforeThem() throws IOException {
    FaultFolder faults = new FaultFolder(folder);
    Fault first = Fault.kill(FaultPoint.SHARD_BYTES, 20);
    Fault second = new Fault(FaultPoint.MID_PUSH, 3, Blow.PAUSE);
    faults.arm(List.of(first));
    faults.arm(List.of(second));

    faults.reach(FaultPoint.MID_PUSH, 19, struck::add);
    assertEquals(List.of(), struck);
    faults.reach(FaultPoint.SHARD_BYTES, 20, struck::add);
    faults.reach(FaultPoint.MID_PUSH, 11, struck::add);

    assertEquals(List.of(first, second), struck);
    assertEquals(2, faults.strikes().size());
  }
}
