package dev.lockstep.sharding.ingest.image;

import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.ImageOptions;
import dev.lockstep.sharding.ImageOptions.Resize;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.ingest.ShardJob;
import dev.lockstep.sharding.ingest.ShardingOptions;
import dev.lockstep.sharding.store.Staging;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * A folder of images, in one folder for each class, becomes data shards: tensor {@code features} of
 * shape {@code [channels, height, width]} with values in [0, 1], or what {@link
 * ImageOptions#normalized} makes of them, and class index {@code labels}. Files are taken in the
 * order of their paths; shards are fixed ranges of them.
 *
 * <p>All files are listed by the driver, which holds their paths: meant for up to about a million;
 * pack more into larger files first.
 *
 * <p>Images are read as they are stored: color profiles and the orientation that EXIF notes are not
 * applied, transparent pixels are laid on white. PNG gives the same values everywhere. JPEG is
 * decoded by the Java runtime's native libjpeg, and another build of Java may differ in the last
 * bit of a byte: executors that decode otherwise than the driver are refused, and the same values
 * another day need the same decoder. Train from the shards.
 */
public final class ImageIngest {

  private ImageIngest() {}

  /**
   * Writes a dataset.
   *
   * @param input folder of folders, any Hadoop URI; images lie anywhere below a class's folder
   * @param location folder of the dataset, any Hadoop URI
   * @return the dataset, complete
   * @throws InvalidDataException naming the file
   */
  public static ShardedDataset ingest(
      JavaSparkContext spark,
      String input,
      String location,
      ImageOptions images,
      ShardingOptions options)
      throws IOException {
    Configuration hadoop = spark.hadoopConfiguration();
    Staging.refuseExisting(location, hadoop, options.ifExists());
    ImageFolder folder = ImageFolder.open(input, images.classes(), hadoop);
    List<String> files = folder.list(hadoop);
    if (images.classes().isEmpty()) {
      folder.refuseEmptyClass(files);
    }
    ImageOptions sized =
        images.height() == ImageOptions.FIRST
            ? sized(images, folder, files.get(0), hadoop)
            : images;
    ImageFeatures features = ImageFeatures.of(sized);
    List<String> classes = folder.classes().names();
    List<TensorSpec> tensors =
        List.of(
            sized.spec("features"),
            new TensorSpec(
                "labels",
                TensorSpec.Role.LABELS,
                TensorSpec.Encoding.CLASS_INDEX,
                List.of(classes.size())));
    SerializableConfiguration conf = new SerializableConfiguration(hadoop);
    List<String[]> parts = parts(files, options.shardExamplesFor(tensors));
    return ShardJob.write(
        spark,
        spark
            .parallelize(parts, parts.size())
            .flatMap(part -> new ImageExamples(folder, part, features, conf.value())),
        new ShardJob.Contents(
            tensors,
            Map.of("labels", classes),
            provenance(folder, features),
            DataRecipe.of(sized.classes(classes))),
        location,
        options);
  }

  private static ImageOptions sized(
      ImageOptions images, ImageFolder folder, String first, Configuration conf)
      throws IOException {
    try {
      ImageSize size = ImageTensor.sizeOf(folder.read(first, conf));
      return images.size(size.height(), size.width(), Resize.NONE);
    } catch (UnreadableImageException e) {
      throw folder.at(first, e.getMessage());
    }
  }

  /** Arrays, which every serializer knows; each task is sent its own. */
  private static List<String[]> parts(List<String> files, long shardFiles) {
    List<String[]> parts = new ArrayList<>();
    for (long from = 0; from < files.size(); from += shardFiles) {
      parts.add(
          files
              .subList((int) from, (int) Math.min(files.size(), from + shardFiles))
              .toArray(new String[0]));
    }
    return parts;
  }

  private static Map<String, String> provenance(ImageFolder folder, ImageFeatures features) {
    Map<String, String> provenance = new LinkedHashMap<>(features.provenance());
    provenance.put("format", "images");
    provenance.put("input", folder.root());
    return provenance;
  }
}
