package dev.lockstep.trainer.model.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class NumericFingerprintTest {

  @Test
  void allArithmeticsOfARunAreJoinedEachOnceInOneOrder() {
    assertEquals("a", NumericFingerprint.joined(null, List.of("a", "a")));
    assertEquals("a", NumericFingerprint.joined("a", List.of("a")));
    assertEquals("a+b", NumericFingerprint.joined("b", List.of("a")));
    assertEquals("a+b+c", NumericFingerprint.joined("b+c", List.of("a", "b")));
    assertTrue(NumericFingerprint.isMixed("a+b"));
    assertFalse(NumericFingerprint.isMixed("a"));
  }
}
