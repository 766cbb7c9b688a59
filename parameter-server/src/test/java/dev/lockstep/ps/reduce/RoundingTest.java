package dev.lockstep.ps.reduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.Serialized;
import org.junit.jupiter.api.Test;

class RoundingTest {

  @Test
  void binary16IsScaledByThePowerOfTwoThatCoversTheExamples() {
    assertEquals(0, Rounding.float16(1).exponent());
    assertEquals(1, Rounding.float16(2).exponent());
    assertEquals(7, Rounding.float16(128).exponent());
    assertEquals(8, Rounding.float16(129).exponent());
    assertEquals(31, Rounding.float16(Long.MAX_VALUE).exponent());
  }

  @Test
  void scalingBackIsExactForEveryValue() {
    Rounding rounding = new Rounding(WireFormat.FLOAT16, 31);
    for (int code = 0; code < 0x7C00; code++) {
      float value = code < 0x400 ? code * 0x1p-24f : half(code);
      float[] sum = {value, -value};
      rounding.root(sum, 0, 2);
      assertEquals(value * 0x1p31, sum[0], 0.0);
      assertEquals(-value * 0x1p31, sum[1], 0.0);
    }
  }

  @Test
  void leavesAndJoinsAreRoundedAndTheRootIsNot() {
    Rounding rounding = Rounding.float16(4);
    float[] left = {4 + 0x1p-9f, 4};
    float[] right = {0x1p-7f, 4 * 65_504f};
    rounding.leaf(left);
    rounding.leaf(right);
    assertArrayEquals(new float[] {1, 1}, left);
    assertArrayEquals(new float[] {0x1p-9f, 65_504}, right);
    // 1 + 2^-9 is of the format, 65,505 is beyond it.
    float[] sum = {9, 9, 1, 1};
    rounding.join(sum, 2, right, 0, 2);
    assertArrayEquals(new float[] {9, 9, 1 + 0x1p-9f, 65_504}, sum);
    rounding.root(sum, 2, 4);
    assertArrayEquals(new float[] {9, 9, 4 + 0x1p-7f, 262_016}, sum);
  }

  @Test
  void withoutRoundingSumsAreThoseOfFloat32() {
    float[] left = {1, -0f};
    Rounding.NONE.leaf(left);
    Rounding.NONE.join(left, 0, new float[] {0x1p-23f, -0f}, 0, 2);
    Rounding.NONE.root(left, 0, 2);
    assertArrayEquals(new float[] {1 + 0x1p-23f, -0f}, left);
  }

  @Test
  void crossesAndChecksItself() throws Exception {
    assertEquals(Rounding.float16(128), Serialized.copy(Rounding.float16(128)));
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> new Rounding(WireFormat.BFLOAT16, 1))
            .getMessage()
            .startsWith("exponent=1 with format=BFLOAT16"));
    assertEquals(
        "examplesPerStep=0 must be >= 1",
        assertThrows(IllegalArgumentException.class, () -> Rounding.float16(0)).getMessage());
  }

  private static float half(int code) {
    return (float) ((1024 + code % 1024) * Math.pow(2, code / 1024 - 25));
  }
}
