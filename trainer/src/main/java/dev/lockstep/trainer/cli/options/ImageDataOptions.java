package dev.lockstep.trainer.cli.options;

import dev.lockstep.sharding.ImageOptions;
import dev.lockstep.sharding.ImageOptions.Color;
import dev.lockstep.sharding.ImageOptions.Resize;
import dev.lockstep.sharding.TfRecordOptions;
import dev.lockstep.trainer.cli.options.Heading.Under;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Option;

/** How images are read, in folders and in TFRecord files. */
@Under(Heading.DATA)
final class ImageDataOptions {

  @Option(
      names = "--image-size",
      paramLabel = "HEIGHTxWIDTH",
      description = "Images: size of all images (default: the size of the first image).")
  private String size;

  @Option(
      names = "--color",
      paramLabel = "gray|rgb",
      description = "Images: one gray channel or three (default: rgb).")
  private Color color;

  @Option(
      names = "--resize",
      paramLabel = "none|stretch|crop",
      description = "Images: refuse, stretch or crop images of another size (default: stretch).")
  private Resize resize;

  @Option(
      names = "--feature-shape",
      paramLabel = "AxBxC",
      description = "TFRecord: shape of a numeric feature.")
  private String shape;

  /** Names of the options that were given. */
  List<String> given() {
    List<String> given = new ArrayList<>();
    if (size != null) {
      given.add("--image-size");
    }
    if (color != null) {
      given.add("--color");
    }
    if (resize != null) {
      given.add("--resize");
    }
    if (shape != null) {
      given.add("--feature-shape");
    }
    return given;
  }

  ImageOptions options() {
    ImageOptions options = ImageOptions.of(color == null ? Color.RGB : color);
    if (size == null) {
      return options;
    }
    List<Integer> sides = numbers("image-size", size);
    if (sides.size() != 2) {
      throw new IllegalArgumentException("image-size=" + size + " is not HEIGHTxWIDTH");
    }
    return options.size(sides.get(0), sides.get(1), resize == null ? Resize.STRETCH : resize);
  }

  /**
   * One feature as the input, one as the labels.
   *
   * @param known classes that the model was trained on, or none
   */
  TfRecordOptions tfRecord(ColumnOptions columns, List<String> known) {
    List<String> classes = columns.classes(known);
    if (columns.features().size() != 1
        || columns.labelColumn() == null
        || (shape == null) == (size == null)
        || columns.isClass() == classes.isEmpty()) {
      throw new IllegalArgumentException(
          "format tfrecord needs --features NAME with --feature-shape AxB for numbers or"
              + " --image-size HxW for encoded images, and --label-column NAME with --classes A,B,…"
              + " or --task regression");
    }
    String feature = columns.features().get(0);
    TfRecordOptions.Field input =
        shape == null
            ? new TfRecordOptions.Image(feature, options())
            : TfRecordOptions.Numbers.features(feature, numbers("feature-shape", shape));
    return TfRecordOptions.of(
        input,
        columns.isClass()
            ? new TfRecordOptions.Classes(columns.labelColumn(), classes)
            : TfRecordOptions.Numbers.labels(columns.labelColumn(), List.of(1)));
  }

  private static List<Integer> numbers(String option, String text) {
    try {
      return Arrays.stream(text.split("x", -1)).map(Integer::valueOf).toList();
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          option + "=" + text + " is not of numbers with x between them, as 28x28", e);
    }
  }

  /** What determines the result, for recognising the same ingest. */
  @Override
  public String toString() {
    return "size=%s color=%s resize=%s shape=%s".formatted(size, color, resize, shape);
  }
}
