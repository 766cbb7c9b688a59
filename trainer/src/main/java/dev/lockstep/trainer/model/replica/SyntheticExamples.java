package dev.lockstep.trainer.model.replica;

import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import java.util.Arrays;
import java.util.List;

/** Examples of any tensors, made from integers alone. */
final class SyntheticExamples {

  private SyntheticExamples() {}

  static MicroBatch of(List<TensorSpec> tensors, int examples) {
    List<float[]> values = tensors.stream().map(tensor -> values(tensor, examples)).toList();
    return new MicroBatch(examples, tensors, values);
  }

  private static float[] values(TensorSpec tensor, int examples) {
    float[] values = new float[examples * tensor.elements()];
    long state = NumericFingerprint.PROBE_SEED;
    for (int i = 0; i < values.length; i++) {
      switch (tensor.role()) {
        case FEATURES_MASK, LABELS_MASK, WEIGHTS -> values[i] = 1;
        case FEATURES, LABELS -> {
          // Knuth's 64-bit linear congruential generator, upper 24 bits: in [0, 1).
          state = state * 6364136223846793005L + 1442695040888963407L;
          values[i] = (state >>> 40) * 0x1p-24f;
        }
      }
    }
    if (tensor.encoding() == TensorSpec.Encoding.CLASS_INDEX) {
      int classes = tensor.elements();
      Arrays.fill(values, 0);
      for (int example = 0; example < examples; example++) {
        values[example * classes + (example * 7 + 3) % classes] = 1;
      }
    }
    return values;
  }
}
