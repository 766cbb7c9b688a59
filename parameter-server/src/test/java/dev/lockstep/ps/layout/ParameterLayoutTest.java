package dev.lockstep.ps.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.ps.Serialized;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParameterLayoutTest {

  private static final ParameterLayout LAYOUT =
      new ParameterLayout(
          List.of(
              new Block("0_W", 0, 0, 12), new Block("0_b", 0, 12, 3), new Block("2_W", 2, 15, 1)));

  @Test
  void knowsTheLengthOfTheParameterVector() {
    assertEquals(16, LAYOUT.parameters());
  }

  @Test
  void findsTheBlockOfEveryElement() {
    for (int element = 0; element < 16; element++) {
      assertEquals(element < 12 ? 0 : element < 15 ? 1 : 2, LAYOUT.blockOf(element));
    }
    assertEquals(
        "element=16 is not in [0, parameters=16)",
        assertThrows(IndexOutOfBoundsException.class, () -> LAYOUT.blockOf(16)).getMessage());
    assertEquals(
        "element=-1 is not in [0, parameters=16)",
        assertThrows(IndexOutOfBoundsException.class, () -> LAYOUT.blockOf(-1)).getMessage());
  }

  @Test
  void survivesSerialization() throws Exception {
    assertEquals(LAYOUT, Serialized.copy(LAYOUT));
  }

  @Test
  void refusesAnEmptyModel() {
    assertEquals("blocks=0: a model without parameters cannot be trained", rejection(List.of()));
  }

  @Test
  void refusesGapsAndOverlaps() {
    assertEquals(
        "block b: offset=6 != end=5 of the block before it: blocks are contiguous",
        rejection(List.of(new Block("a", 0, 0, 5), new Block("b", 0, 6, 5))));
    assertEquals(
        "block b: offset=4 != end=5 of the block before it: blocks are contiguous",
        rejection(List.of(new Block("a", 0, 0, 5), new Block("b", 0, 4, 5))));
    assertEquals(
        "block a: offset=1 != end=0 of the block before it: blocks are contiguous",
        rejection(List.of(new Block("a", 0, 1, 5))));
  }

  @Test
  void refusesBlocksOfALayerThatAreNotAdjacent() {
    assertEquals(
        "block b: layer=0 < layer=1 of the block before it: blocks of a layer are adjacent",
        rejection(List.of(new Block("a", 1, 0, 5), new Block("b", 0, 5, 5))));
  }

  @Test
  void refusesANameTwice() {
    assertEquals(
        "block a appears twice: names are unique",
        rejection(List.of(new Block("a", 0, 0, 5), new Block("a", 0, 5, 5))));
  }

  private static String rejection(List<Block> blocks) {
    return assertThrows(IllegalArgumentException.class, () -> new ParameterLayout(blocks))
        .getMessage();
  }
}
