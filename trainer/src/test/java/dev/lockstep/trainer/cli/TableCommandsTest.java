package dev.lockstep.trainer.cli;

import static dev.lockstep.trainer.cli.Ended.lockstep;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables with columns of different kinds, by the command line. */
class TableCommandsTest {

  @TempDir Path folder;

  /**
   * A fruit is ripe if it is heavy for its kind: only a model that sees weights on one scale and
   * kinds as categories can tell.
   */
  private static List<String[]> fruits(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<String[]> fruits = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      boolean melon = random.nextBoolean();
      double weight = (melon ? 3_000 : 2_000) + 1_000 * random.nextDouble();
      boolean ripe = weight > (melon ? 3_500 : 2_500);
      fruits.add(
          new String[] {
            melon ? "melon" : "gourd", String.valueOf(weight), ripe ? "ripe" : "unripe"
          });
    }
    return fruits;
  }

  private Path csv(String name, List<String[]> fruits, String header, int... order)
      throws IOException {
    List<String> lines = new ArrayList<>(List.of(header));
    for (String[] fruit : fruits) {
      List<String> values = new ArrayList<>();
      for (int column : order) {
        values.add(fruit[column]);
      }
      lines.add(String.join(",", values));
    }
    return Files.write(folder.resolve(name), lines);
  }

  @Test
  void preparedColumnsTrainAndOtherDataArePreparedInTheSameWay() throws Exception {
    Path training = csv("fruits.csv", fruits(600, 1), "kind,weight,state", 0, 1, 2);
    Path shards = folder.resolve("shards");
    Object[] shard = {
      "shard",
      "--data",
      training,
      "--format",
      "csv",
      "--header",
      "--categorical",
      "kind",
      "--standardize",
      "weight",
      "--class-weights",
      "balanced",
      "--validation-fraction",
      "0.1",
      "--test-fraction",
      "0.1",
      "--holdout",
      "stratified",
      "--shard-compression",
      "zstd",
      "--out",
      shards
    };
    lockstep(shard).succeeded();
    Ended inspected = lockstep("inspect", shards).succeeded();
    assertTrue(inspected.out().contains("weights weights float32 [1]"), inspected::toString);

    Path out = folder.resolve("run");
    Ended trained =
        lockstep(
                "train",
                "--model",
                "mlp:16",
                "--data",
                shards,
                "--out",
                out,
                "--optimizer",
                "adam(lr=0.05)",
                "--epochs",
                "25",
                "--batch-size",
                "8")
            .succeeded();
    assertTrue(trained.out().contains("validation"), trained::toString);

    Path zip = out.resolve("model.zip");
    Ended tested =
        lockstep("evaluate", "--model", zip, "--data", shards, "--part", "test").succeeded();
    assertEquals("60", tested.found("examples ([0-9]+)"));
    assertTrue(Double.parseDouble(tested.found("accuracy (.*) %")) > 85, tested::toString);

    // Another order of columns, raw numbers: the run knows what to do.
    Path others = csv("others.csv", fruits(200, 2), "state,weight,kind", 2, 1, 0);
    Ended evaluated =
        lockstep("evaluate", "--model", zip, "--data", others, "--format", "csv", "--header")
            .succeeded();
    assertEquals("200", evaluated.found("examples ([0-9]+)"));
    assertTrue(Double.parseDouble(evaluated.found("accuracy (.*) %")) > 85, evaluated::toString);

    // Data shards of other data are prepared like the run's, or refused.
    Path like = folder.resolve("like");
    lockstep("shard", "--data", others, "--format", "csv", "--header", "--like", out, "--out", like)
        .succeeded();
    Ended again = lockstep("evaluate", "--model", zip, "--data", like).succeeded();
    assertEquals(
        evaluated.found("accuracy (.*) %"), again.found("accuracy (.*) %"), again::toString);
    Path unlike = folder.resolve("unlike");
    lockstep(
            "shard",
            "--data",
            others,
            "--format",
            "csv",
            "--header",
            "--label-column",
            "state",
            "--categorical",
            "kind",
            "--out",
            unlike)
        .succeeded();
    lockstep("evaluate", "--model", zip, "--data", unlike)
        .refused(2, "were prepared in another way than the data that the model was trained on")
        .beforeAnyJob();
    lockstep(
            "evaluate",
            "--model",
            zip,
            "--data",
            others,
            "--format",
            "csv",
            "--header",
            "--test-fraction",
            "0.2")
        .refused(2, "would not give the part that training left out")
        .beforeAnyJob();
    lockstep(
            "shard",
            "--data",
            others,
            "--format",
            "csv",
            "--header",
            "--label-column",
            "state",
            "--standardize",
            "wieght",
            "--out",
            folder.resolve("typo"))
        .refused(2, "the data have no column wieght");

    Path strange = csv("strange.csv", fruits(3, 2), "state,weight,sort", 2, 1, 0);
    lockstep("evaluate", "--model", zip, "--data", strange, "--format", "csv", "--header")
        .refused(2, "strange.csv has no column kind: its columns are [state, weight, sort]")
        .beforeAnyJob();
    lockstep(
            "evaluate",
            "--model",
            zip,
            "--data",
            others,
            "--format",
            "csv",
            "--header",
            "--standardize",
            "all")
        .refused(2, "[--standardize] for a model whose run knows its columns (labels=[state])")
        .beforeAnyJob();
  }
}
