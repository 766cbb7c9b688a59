package dev.lockstep.trainer.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RunIdentityTest {

  private static final RunIdentity RUN =
      RunIdentity.of(Map.of("seed", "42", "virtualWorkers", "4", "dropout", "0.5"));

  @Test
  void showsEveryDifferenceInOrderOfName() {
    assertEquals(List.of(), RUN.differences(RUN));
    assertEquals(
        List.of(
            "augmentation=flip is set where the run had none",
            "dropout is not set where the run had 0.5",
            "virtualWorkers=8 != 4 of the run"),
        RunIdentity.of(Map.of("seed", "42", "virtualWorkers", "8", "augmentation", "flip"))
            .differences(RUN));
  }

  /** Frozen: manifests hold it. Computed by hand with sha256sum. */
  @Test
  void theHashIsOfLengthsAndBytes() {
    assertEquals(
        "39f00efc66e1a8164cd7f6368e320d4d4a9395c3b7c27810c4dec864abcf8e44",
        RunIdentity.of(Map.of("seed", "42", "θ", "1")).sha256());
  }

  @Test
  void theHashTellsNamesFromTexts() {
    assertNotEquals(
        RunIdentity.of(Map.of("ab", "c")).sha256(), RunIdentity.of(Map.of("a", "bc")).sha256());
    assertNotEquals(
        RunIdentity.of(Map.of("a", "b", "c", "d")).sha256(),
        RunIdentity.of(Map.of("a", "bcd")).sha256());
  }

  @Test
  void aMissingTextIsRefused() {
    Map<String, String> values = new HashMap<>();
    values.put("seed", null);
    assertEquals(
        "identity={seed=null}: a text is missing",
        assertThrows(IllegalArgumentException.class, () -> RunIdentity.of(values)).getMessage());
  }
}
