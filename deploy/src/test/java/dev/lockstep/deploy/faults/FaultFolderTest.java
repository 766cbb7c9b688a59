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

/** Each fault is injected once and in order, whichever JVM reaches its moment first. */
class FaultFolderTest {

  @TempDir private Path folder;
  private final List<Fault> injected = new ArrayList<>();

  @Test
  void aFaultIsInjectedOnceThoughTwoJvmsReachItsMoment() throws IOException {
    FaultFolder one = new FaultFolder(folder);
    FaultFolder other = new FaultFolder(folder);
    Fault fault = Fault.kill(FaultPoint.BEFORE_PUSH, 7);
    one.arm(List.of(fault));
    assertEquals(Optional.of(fault), other.pending());

    one.reach(FaultPoint.BEFORE_PUSH, 6, injected::add);
    one.reach(FaultPoint.AFTER_REDUCE, 7, injected::add);
    assertFalse(one.isSpent());
    one.reach(FaultPoint.BEFORE_PUSH, 8, injected::add);
    other.reach(FaultPoint.BEFORE_PUSH, 8, injected::add);

    assertEquals(List.of(fault), injected);
    assertTrue(other.isSpent());
    FaultEvent event = other.events().get(0);
    assertEquals(8, event.step());
    assertEquals(ProcessHandle.current().pid(), event.process());
  }

  @Test
  void faultsWaitForThoseArmedBeforeThem() throws IOException {
    FaultFolder faults = new FaultFolder(folder);
    Fault first = Fault.kill(FaultPoint.SHARD_BYTES, 20);
    Fault second = new Fault(FaultPoint.MID_PUSH, 3, FaultAction.PAUSE);
    faults.arm(List.of(first));
    faults.arm(List.of(second));

    faults.reach(FaultPoint.MID_PUSH, 19, injected::add);
    assertEquals(List.of(), injected);
    faults.reach(FaultPoint.SHARD_BYTES, 20, injected::add);
    faults.reach(FaultPoint.MID_PUSH, 11, injected::add);

    assertEquals(List.of(first, second), injected);
    assertEquals(2, faults.events().size());
  }
}
