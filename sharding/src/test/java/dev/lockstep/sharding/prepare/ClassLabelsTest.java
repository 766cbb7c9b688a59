package dev.lockstep.sharding.prepare;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ClassLabelsTest {

  @Test
  void integersSortAsNumbersAndAnySpellingIsOneClass() {
    ClassLabels classes = ClassLabels.sorted(List.of("10", "9", "3.0", "03", "-1"));
    assertEquals(List.of("-1", "3", "9", "10"), classes.names());
    assertEquals(OptionalInt.of(1), classes.index("3"));
    assertEquals(OptionalInt.of(1), classes.index("03"));
    assertEquals(OptionalInt.of(3), classes.index("10.0"));
    assertEquals(OptionalInt.empty(), classes.index("4"));
    assertEquals(OptionalInt.empty(), classes.index("3.5"));
    assertEquals(OptionalInt.empty(), classes.index("three"));
  }

  @Test
  void otherTextSortsByCharactersAndIsTakenAsItIs() {
    ClassLabels classes = ClassLabels.sorted(List.of("b", "a", "10", "9", "B"));
    assertEquals(List.of("10", "9", "B", "a", "b"), classes.names());
    assertEquals(OptionalInt.of(0), classes.index("10"));
    assertEquals(OptionalInt.empty(), classes.index("10.0"));
  }

  @Test
  void givenClassesKeepTheirOrder() {
    ClassLabels classes = ClassLabels.given(List.of("yes", "no"));
    assertEquals(OptionalInt.of(0), classes.index("yes"));
    assertEquals(OptionalInt.of(1), classes.index("no"));
  }
}
