package dev.lockstep.ps.clip;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.ps.Serialized;
import dev.lockstep.ps.clip.Clipping.LayerNormalization;
import dev.lockstep.ps.clip.Clipping.Mode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class ClippingTest {

  @Test
  void survivesSerialization() throws Exception {
    List<Clipping> clippings =
        List.of(
            new Clipping.None(),
            new Clipping.ByValue(0.5),
            new Clipping.GlobalNorm(2),
            new Clipping.ByLayer(
                List.of(new LayerNormalization(3, Mode.CLIP_L2_PER_PARAM_TYPE, 0.1))));
    for (Clipping clipping : clippings) {
      assertEquals(clipping, Serialized.copy(clipping));
    }
  }

  @Test
  void refusesLimitsThatAreNotPositive() {
    assertEquals(
        "clip value max=0.0 must be finite and > 0", rejection(() -> new Clipping.ByValue(0)));
    assertEquals(
        "clip norm max=NaN must be > 0, or infinite to measure the norm alone",
        rejection(() -> new Clipping.GlobalNorm(Double.NaN)));
    assertEquals(
        "layer 2 CLIP_L2_PER_LAYER: threshold=-1.0 must be finite and > 0",
        rejection(() -> new LayerNormalization(2, Mode.CLIP_L2_PER_LAYER, -1)));
    assertEquals(
        "layer=-1 must be >= 0",
        rejection(() -> new LayerNormalization(-1, Mode.RENORMALIZE_L2_PER_LAYER, 0)));
  }

  @Test
  void refusesTwoNormalizationsOfALayer() {
    LayerNormalization one = new LayerNormalization(1, Mode.RENORMALIZE_L2_PER_LAYER, 0);
    LayerNormalization other = new LayerNormalization(1, Mode.CLIP_L2_PER_LAYER, 1);
    assertEquals(
        "layers=" + List.of(one, other) + ": a layer has at most one gradient normalization",
        rejection(() -> new Clipping.ByLayer(List.of(one, other))));
  }

  @Test
  void aStepWithoutExamplesHasNoGradient() {
    assertEquals(
        "examples=0 must be >= 1: a step without examples has no gradient",
        rejection(() -> Division.BY_EXAMPLES.divisor(0)));
    assertEquals(7f, Division.BY_EXAMPLES.divisor(7));
    assertEquals(1f, Division.NONE.divisor(7));
  }

  private static String rejection(Executable constructor) {
    return assertThrows(IllegalArgumentException.class, constructor).getMessage();
  }
}
