package dev.lockstep.sharding.ingest.tfrecord;

import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.TfRecordOptions;
import dev.lockstep.sharding.ingest.image.ImageFeatures;
import dev.lockstep.sharding.ingest.image.UnreadableImageException;
import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/** Makes examples of messages. Made on the driver; crosses to executors. */
final class TfRecordFields implements Serializable {

  private static final long serialVersionUID = 1;

  private final TfRecordOptions options;

  /** By name of the feature. */
  private final HashMap<String, ImageFeatures> images = new HashMap<>();

  TfRecordFields(TfRecordOptions options) {
    this.options = options;
    for (TfRecordOptions.Field field : options.fields()) {
      if (field instanceof TfRecordOptions.Image image) {
        images.put(image.feature(), ImageFeatures.of(image.image()));
      }
    }
  }

  /**
   * Reads all fields.
   *
   * @throws InvalidDataException with a message that follows the place of the record
   */
  Example example(ExampleMessage message) throws IOException {
    List<float[]> arrays = new ArrayList<>();
    for (TfRecordOptions.Field field : options.fields()) {
      try {
        arrays.add(array(field, values(field, message)));
      } catch (UnreadableImageException | DamagedRecordException e) {
        throw new InvalidDataException(
            "feature '%s': %s".formatted(field.feature(), e.getMessage()));
      }
    }
    return new Example(arrays);
  }

  private static FeatureValues values(TfRecordOptions.Field field, ExampleMessage message)
      throws InvalidDataException, DamagedRecordException {
    FeatureValues values = message.values(field.feature());
    if (values == null) {
      throw new InvalidDataException(
          "it has no values in feature '%s': its features are %s"
              .formatted(field.feature(), message.names()));
    }
    return values;
  }

  private float[] array(TfRecordOptions.Field field, FeatureValues values) throws IOException {
    if (field instanceof TfRecordOptions.Classes classes) {
      return new float[] {classIndex(classes, values)};
    }
    if (field instanceof TfRecordOptions.Image image) {
      if (!(values instanceof FeatureValues.Bytes bytes) || values.count() != 1) {
        throw unfit(image, values, "bytes_list of one value, an image");
      }
      return images.get(image.feature()).read(bytes.values().get(0));
    }
    return numbers(field, values);
  }

  private static float[] numbers(TfRecordOptions.Field field, FeatureValues values)
      throws InvalidDataException {
    int wanted = field.tensor().elements();
    if (values instanceof FeatureValues.Bytes || values.count() != wanted) {
      throw unfit(
          field, values, "of %d numbers for shape %s".formatted(wanted, field.tensor().shape()));
    }
    float[] numbers = new float[wanted];
    for (int i = 0; i < wanted; i++) {
      numbers[i] =
          values instanceof FeatureValues.Floats floats
              ? floats.values()[i]
              : ((FeatureValues.Integers) values).values()[i];
      if (!Float.isFinite(numbers[i])) {
        throw new InvalidDataException(
            "feature '%s': value %d is %s, not a finite number: replace it or drop the record"
                .formatted(field.feature(), i, numbers[i]));
      }
    }
    return numbers;
  }

  private static int classIndex(TfRecordOptions.Classes field, FeatureValues values)
      throws InvalidDataException {
    List<String> classes = field.classes();
    if (values.count() != 1 || values instanceof FeatureValues.Floats) {
      throw unfit(field, values, "int64_list or bytes_list of one value, the class");
    }
    if (values instanceof FeatureValues.Integers integers) {
      long index = integers.values()[0];
      if (index < 0 || index >= classes.size()) {
        throw new InvalidDataException(
            "feature '%s': class %d is not in [0, classes=%d)"
                .formatted(field.feature(), index, classes.size()));
      }
      return (int) index;
    }
    byte[] text = ((FeatureValues.Bytes) values).values().get(0);
    int index = classes.indexOf(new String(text, StandardCharsets.UTF_8));
    if (index < 0) {
      throw new InvalidDataException(
          "feature '%s': label '%s' is none of the %d classes %s"
              .formatted(
                  field.feature(),
                  new String(text, StandardCharsets.UTF_8),
                  classes.size(),
                  classes));
    }
    return index;
  }

  private static InvalidDataException unfit(
      TfRecordOptions.Field field, FeatureValues values, String wanted) {
    return new InvalidDataException(
        "feature '%s' is %s of %d values, not %s"
            .formatted(field.feature(), values.kind(), values.count(), wanted));
  }
}
