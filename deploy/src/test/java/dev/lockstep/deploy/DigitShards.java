package dev.lockstep.deploy;

import dev.lockstep.examples.digits.Digit;
import dev.lockstep.examples.digits.DigitGenerator;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.store.ManifestFile;
import dev.lockstep.sharding.store.ShardWriter;
import dev.lockstep.sharding.store.ShardedDatasets;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Generated digits as data shards, several blocks each. */
final class DigitShards {

  private static final int SHARD = 200;
  private static final int BLOCK = 64;

  private DigitShards() {}

  static ShardedDataset write(java.nio.file.Path folder, int examples) throws IOException {
    List<TensorSpec> tensors =
        List.of(
            new TensorSpec(
                "features",
                TensorSpec.Role.FEATURES,
                TensorSpec.Encoding.FLOAT32,
                List.of(1, 28, 28)),
            new TensorSpec(
                "labels", TensorSpec.Role.LABELS, TensorSpec.Encoding.CLASS_INDEX, List.of(10)));
    DigitGenerator digits = new DigitGenerator(5);
    Configuration hadoop = new Configuration();
    Path location = new Path(folder.toUri());
    FileSystem files = location.getFileSystem(hadoop);
    files.mkdirs(location);
    List<DataShard> shards = new ArrayList<>();
    for (int from = 0; from < examples; from += SHARD) {
      Path file = new Path(location, "part-" + from + ".arrow");
      try (ShardWriter writer = new ShardWriter(files, file, tensors, BLOCK)) {
        for (int i = from; i < Math.min(from + SHARD, examples); i++) {
          writer.add(example(digits.digit(i)));
        }
        shards.add(writer.finish());
      }
    }
    ManifestFile.write(
        files, location, new DatasetManifest("digits", tensors, Map.of(), shards, Map.of()));
    return ShardedDatasets.open(folder.toUri().toString(), hadoop);
  }

  private static Example example(Digit digit) {
    byte[] pixels = digit.image();
    float[] features = new float[pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      features[i] = (pixels[i] & 0xff) / 255f;
    }
    return new Example(List.of(features, new float[] {digit.label()}));
  }
}
