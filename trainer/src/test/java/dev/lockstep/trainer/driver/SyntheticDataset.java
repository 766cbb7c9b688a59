package dev.lockstep.trainer.driver;

import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.store.ManifestFile;
import dev.lockstep.sharding.store.ShardWriter;
import dev.lockstep.sharding.store.ShardedDatasets;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/** Separable classes on a few features, written as data shards. */
public final class SyntheticDataset {

  private SyntheticDataset() {}

  /** Writes the dataset below {@code folder}. */
  public static ShardedDataset classes(
      Path folder, List<Integer> featureShape, int classes, int examples) throws IOException {
    return write(folder, featureShape, classes, examples, -1);
  }

  /** The same with one example whose features are finite but too large for any gradient. */
  static ShardedDataset withHugeExample(
      Path folder, int features, int classes, int examples, int huge) throws IOException {
    return write(folder, List.of(features), classes, examples, huge);
  }

  private static ShardedDataset write(
      Path folder, List<Integer> featureShape, int classes, int examples, int huge)
      throws IOException {
    List<TensorSpec> tensors =
        List.of(
            new TensorSpec(
                "features", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, featureShape),
            new TensorSpec(
                "labels",
                TensorSpec.Role.LABELS,
                TensorSpec.Encoding.CLASS_INDEX,
                List.of(classes)));
    SplittableRandom random = new SplittableRandom(7);
    int features = tensors.get(0).elements();
    float[][] centres = new float[classes][features];
    for (float[] centre : centres) {
      for (int i = 0; i < features; i++) {
        centre[i] = (float) (random.nextDouble() - 0.5);
      }
    }
    Configuration hadoop = new Configuration();
    org.apache.hadoop.fs.Path location = new org.apache.hadoop.fs.Path(folder.toUri());
    FileSystem files = location.getFileSystem(hadoop);
    files.mkdirs(location);
    List<DataShard> shards = new ArrayList<>();
    for (int from = 0; from < examples; from += 100) {
      org.apache.hadoop.fs.Path file =
          new org.apache.hadoop.fs.Path(location, "part-" + from + ".arrow");
      try (ShardWriter writer = new ShardWriter(files, file, tensors, 32)) {
        for (int i = from; i < Math.min(from + 100, examples); i++) {
          int label = random.nextInt(classes);
          float[] x = new float[features];
          for (int j = 0; j < features; j++) {
            x[j] = centres[label][j] + (float) (0.8 * (random.nextDouble() - 0.5));
          }
          if (i == huge) {
            java.util.Arrays.fill(x, Float.MAX_VALUE);
          }
          writer.add(new Example(List.of(x, new float[] {label})));
        }
        shards.add(writer.finish());
      }
    }
    ManifestFile.write(
        files, location, new DatasetManifest("synthetic", tensors, Map.of(), shards, Map.of()));
    return ShardedDatasets.open(folder.toUri().toString(), hadoop);
  }
}
