package dev.lockstep.sharding;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.io.Serializable;

/**
 * How data of a format that has no columns are read. In JSON, {@code format} names the format.
 * Crosses from driver to executors.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "format")
@JsonSubTypes({
  @JsonSubTypes.Type(value = IdxOptions.class, name = "idx"),
  @JsonSubTypes.Type(value = ImageOptions.class, name = "images"),
  @JsonSubTypes.Type(value = TfRecordOptions.class, name = "tfrecord")
})
public sealed interface ReaderOptions extends Serializable
    permits IdxOptions, ImageOptions, TfRecordOptions {

  /**
   * A value x in [0, 1], such as byte/255 of a pixel, becomes (x − mean) / deviation in float32.
   *
   * @param mean subtracted
   * @param deviation divided by, above 0
   */
  record Normalization(float mean, float deviation) implements Serializable {

    /** Leaves x as it is. */
    public static final Normalization NONE = new Normalization(0, 1);

    /** Checks the ranges. */
    public Normalization {
      if (!Float.isFinite(mean) || !Float.isFinite(deviation) || deviation <= 0) {
        throw new IllegalArgumentException(
            "normalization mean=%s deviation=%s: must be finite, the deviation > 0"
                .formatted(mean, deviation));
      }
    }

    /** What an unsigned byte becomes. */
    public float apply(byte pixel) {
      return apply(Byte.toUnsignedInt(pixel) / 255f);
    }

    /** What a value in [0, 1] becomes. */
    public float apply(float value) {
      return (value - mean) / deviation;
    }
  }
}
