package dev.lockstep.sharding.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.sharding.ColumnRecipe;
import dev.lockstep.sharding.ColumnTransform;
import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.Example;
import dev.lockstep.sharding.FittedColumn;
import dev.lockstep.sharding.FittedTensor;
import dev.lockstep.sharding.FittedTensor.Masked;
import dev.lockstep.sharding.FittedTransform;
import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.ImageOptions;
import dev.lockstep.sharding.ImageOptions.Color;
import dev.lockstep.sharding.ImageOptions.Resize;
import dev.lockstep.sharding.MissingValues;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TableRecipe;
import dev.lockstep.sharding.TensorRecipe;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.sharding.TensorStatistics;
import dev.lockstep.sharding.TensorStatistics.Numbers;
import dev.lockstep.sharding.TfRecordOptions;
import dev.lockstep.sharding.plan.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The file formats of a dataset, against samples that an earlier build wrote. */
class GoldenDatasetTest {

  private static final Configuration CONF = new Configuration();
  private static final Path DATASET = Path.of("src/test/resources/golden/dataset-2");
  private static final Path RECIPES = Path.of("src/test/resources/golden/recipes-1.json");
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final DataRecipe TABLE =
      DataRecipe.of(
          TableRecipe.of(
                  TensorRecipe.of(
                      "features",
                      Role.FEATURES,
                      ColumnRecipe.of("x", ColumnTransform.STANDARDIZE),
                      ColumnRecipe.of("kind", ColumnTransform.ONE_HOT)),
                  TensorRecipe.of(
                      "labels", Role.LABELS, ColumnRecipe.of("y", ColumnTransform.CLASS)))
              .missing(MissingValues.parse("mean")),
          new FittedTransform(
              List.of(
                  new FittedTensor(
                      "features",
                      Role.FEATURES,
                      List.of(
                          new FittedColumn(
                              "x",
                              ColumnTransform.STANDARDIZE,
                              1,
                              List.of(),
                              List.of(0.5),
                              List.of(2.0),
                              List.of(0.5)),
                          texts("kind", ColumnTransform.ONE_HOT, "a", "b")),
                      0,
                      Masked.NO),
                  new FittedTensor(
                      "labels",
                      Role.LABELS,
                      List.of(texts("y", ColumnTransform.CLASS, "no", "yes")),
                      0,
                      Masked.NO)),
              List.of(),
              null));

  private static final ImageOptions IMAGES =
      ImageOptions.of(Color.GRAY).size(28, 20, Resize.CROP).normalized(0.5, 0.25);

  private static final List<DataRecipe> ALL =
      List.of(
          DataRecipe.NONE,
          TABLE,
          DataRecipe.of(IMAGES.classes(List.of("cat", "dog"))),
          DataRecipe.of(IdxOptions.defaults().items(3, 9)),
          DataRecipe.of(
              TfRecordOptions.of(
                  new TfRecordOptions.Image("image", IMAGES),
                  new TfRecordOptions.Classes("label", List.of("cat", "dog")))),
          DataRecipe.of(TfRecordOptions.of(TfRecordOptions.Numbers.features("x", List.of(2, 3)))));

  private static FittedColumn texts(String column, ColumnTransform transform, String... names) {
    return new FittedColumn(column, transform, 1, List.of(names), List.of(), List.of(), List.of());
  }

  private static List<float[]> values(int example) {
    return List.of(
        new float[] {example / 4f, example % 2, 1 - example % 2}, new float[] {example % 2});
  }

  private static DatasetManifest manifest(List<DataShard> shards) {
    return new DatasetManifest(
        "golden",
        TABLE.fitted().specs(),
        TABLE.fitted().classes(),
        shards,
        Map.of("format", "csv"),
        List.of(
            new TensorStatistics(
                "features", Split.TRAINING, 5, new Numbers(0, 1, 0.5, 0.25), List.of()),
            new TensorStatistics("labels", Split.TRAINING, 5, Numbers.NONE, List.of(3L, 2L))),
        TABLE);
  }

  /** Writes the sample: five training examples in blocks of two, and three validation examples. */
  static void write(Path location) throws IOException {
    FileSystem files = FileSystem.getLocal(CONF);
    org.apache.hadoop.fs.Path root = new org.apache.hadoop.fs.Path(location.toUri());
    files.mkdirs(new org.apache.hadoop.fs.Path(root, "data"));
    List<DataShard> shards = new ArrayList<>();
    int next = 0;
    for (Split split : List.of(Split.TRAINING, Split.VALIDATION)) {
      String name = "data/shard-00000." + split.name().toLowerCase(Locale.ROOT) + ".arrow";
      try (ShardWriter writer =
          new ShardWriter(
              files,
              new org.apache.hadoop.fs.Path(root, name),
              TABLE.fitted().specs(),
              2,
              ShardCompression.NONE)) {
        for (int end = next + (split == Split.TRAINING ? 5 : 3); next < end; next++) {
          writer.add(new Example(values(next)));
        }
        shards.add(writer.finish().renamed(name).forSplit(split));
      }
    }
    ManifestFile.write(files, root, manifest(shards));
  }

  @Test
  void theSampleOpensAndHoldsWhatWasWritten() throws IOException {
    ShardedDataset dataset = ShardedDatasets.open(DATASET.toString(), CONF);
    assertEquals(manifest(dataset.manifest().shards()), dataset.manifest());
    ShardedDatasets.verify(dataset, CONF);
    int example = 0;
    try (BlockReader blocks = new BlockReader(dataset, CONF)) {
      for (int block = 0; block < dataset.manifest().blockSizes().length; block++) {
        List<Column> columns = blocks.read(block);
        for (int i = 0; i < dataset.manifest().blockSizes()[block]; i++) {
          List<float[]> expected = values(example++);
          float[] features = new float[3];
          float[] labels = new float[2];
          columns.get(0).copyRow(i, features, 0);
          columns.get(1).copyRow(i, labels, 0);
          assertArrayEquals(expected.get(0), features);
          assertEquals(1, labels[(int) expected.get(1)[0]]);
        }
      }
    }
    assertEquals(8, example);
  }

  @Test
  void theSameDatasetIsWrittenAsTheSameBytes(@TempDir Path folder) throws IOException {
    write(folder);
    for (String file :
        List.of(
            ManifestFile.NAME,
            "data/shard-00000.training.arrow",
            "data/shard-00000.validation.arrow")) {
      assertArrayEquals(
          Files.readAllBytes(DATASET.resolve(file)),
          Files.readAllBytes(folder.resolve(file)),
          file);
    }
  }

  @Test
  void recipesOfEachFormatAreReadAndWritten() throws IOException {
    JsonNode samples = JSON.readTree(RECIPES.toFile());
    assertEquals(ALL.size(), samples.size());
    for (int i = 0; i < ALL.size(); i++) {
      assertEquals(ALL.get(i), DataRecipeJson.parse(samples.get(i)));
      assertEquals(samples.get(i).toString(), DataRecipeJson.of(ALL.get(i)).toString());
    }
  }

  @Test
  void aRecipeOfAnotherVersionIsRefused() {
    ObjectNode newer = DataRecipeJson.of(TABLE).put("formatVersion", 2);
    assertEquals(
        "recipe of formatVersion=2 != 1, the version that this Lockstep reads: shard the data"
            + " again",
        assertThrows(IllegalArgumentException.class, () -> DataRecipeJson.parse(newer))
            .getMessage());
    newer.remove("formatVersion");
    assertEquals(
        "recipe of formatVersion=none != 1, the version that this Lockstep reads: shard the data"
            + " again",
        assertThrows(IllegalArgumentException.class, () -> DataRecipeJson.parse(newer))
            .getMessage());
  }

  /** Writes the samples anew; only for a new version of a format. */
  public static void main(String[] args) throws IOException {
    write(DATASET);
    JSON.writerWithDefaultPrettyPrinter()
        .writeValue(RECIPES.toFile(), ALL.stream().map(DataRecipeJson::of).toList());
  }
}
