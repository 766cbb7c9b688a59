package dev.lockstep.sharding;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.lockstep.sharding.ImageOptions.Resize;
import java.io.Serializable;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Which features of the examples in TFRecord files become which tensors.
 *
 * @param fields at least one, in the order of the tensors
 */
public record TfRecordOptions(List<Field> fields) implements ReaderOptions {

  /** One tensor, made of one feature. In JSON, {@code kind} names which. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Numbers.class, name = "numbers"),
    @JsonSubTypes.Type(value = Classes.class, name = "classes"),
    @JsonSubTypes.Type(value = Image.class, name = "image")
  })
  public sealed interface Field extends Serializable {

    /** Name of the feature. */
    String feature();

    /** The tensor. */
    TensorSpec tensor();
  }

  /**
   * A float_list or int64_list, as float32; an integer beyond 2^24 is rounded.
   *
   * @param feature its name
   * @param tensor of encoding {@link TensorSpec.Encoding#FLOAT32}: the list holds all its elements,
   *     row-major
   */
  public record Numbers(String feature, TensorSpec tensor) implements Field {

    /** Checks the encoding. */
    public Numbers {
      Objects.requireNonNull(feature, "feature");
      if (tensor.encoding() != TensorSpec.Encoding.FLOAT32) {
        throw new IllegalArgumentException(
            "tensor %s of numbers: encoding=%s must be FLOAT32"
                .formatted(tensor.name(), tensor.encoding()));
      }
    }

    /** Input of this shape. */
    public static Numbers features(String feature, List<Integer> shape) {
      return new Numbers(feature, floats("features", TensorSpec.Role.FEATURES, shape));
    }

    /** Wanted output of this shape. */
    public static Numbers labels(String feature, List<Integer> shape) {
      return new Numbers(feature, floats("labels", TensorSpec.Role.LABELS, shape));
    }

    private static TensorSpec floats(String name, TensorSpec.Role role, List<Integer> shape) {
      return new TensorSpec(name, role, TensorSpec.Encoding.FLOAT32, shape);
    }
  }

  /**
   * A class, as the labels: an int64_list of one value, the index, or a bytes_list of one value,
   * the name in UTF-8.
   *
   * @param feature its name
   * @param classes names, by index
   */
  public record Classes(String feature, List<String> classes) implements Field {

    /** Checks the names. */
    public Classes {
      Objects.requireNonNull(feature, "feature");
      classes = List.copyOf(classes);
      if (classes.isEmpty()) {
        throw new IllegalArgumentException(
            "feature %s has no classes: name them in the order of their indices"
                .formatted(feature));
      }
      if (classes.stream().distinct().count() != classes.size()) {
        throw new IllegalArgumentException("classes=" + classes + " names one of them twice");
      }
    }

    @Override
    public TensorSpec tensor() {
      return new TensorSpec(
          "labels",
          TensorSpec.Role.LABELS,
          TensorSpec.Encoding.CLASS_INDEX,
          List.of(classes.size()));
    }
  }

  /**
   * An encoded image, as the features: a bytes_list of one value, PNG or JPEG or what else Java
   * reads. See {@code ImageIngest} for what is made of it.
   *
   * @param feature its name
   * @param image size, color and normalization; a size must be given, and no classes
   */
  public record Image(String feature, ImageOptions image) implements Field {

    /** Checks that the size is known. */
    public Image {
      Objects.requireNonNull(feature, "feature");
      if (image.height() == ImageOptions.FIRST) {
        throw new IllegalArgumentException(
            "images in feature %s have no size: give height, width and a way to resize (%s refuses others)"
                .formatted(feature, Resize.NONE));
      }
      if (!image.classes().isEmpty()) {
        throw new IllegalArgumentException(
            "classes=%s of images in feature %s: classes are a feature of their own"
                .formatted(image.classes(), feature));
      }
    }

    @Override
    public TensorSpec tensor() {
      return image.spec("features");
    }
  }

  /** Checks that there are tensors, each but once. */
  public TfRecordOptions {
    fields = List.copyOf(fields);
    if (fields.isEmpty()) {
      throw new IllegalArgumentException(
          "no feature is named: say which become the features and the labels");
    }
    Set<String> names = new HashSet<>();
    for (Field field : fields) {
      if (!names.add(field.tensor().name())) {
        throw new IllegalArgumentException(
            "two features become the tensor %s".formatted(field.tensor().name()));
      }
    }
  }

  /** These features. */
  public static TfRecordOptions of(Field... fields) {
    return new TfRecordOptions(List.of(fields));
  }
}
