package dev.lockstep.trainer.cli;

import static dev.lockstep.trainer.cli.Ended.lockstep;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.cli.Samples.Flower;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The commands one after another, on files as users bring them. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EndToEndTest {

  @TempDir private Path folder;

  @Test
  void aTableIsShardedTrainedOnEvaluatedAndInspected() throws IOException {
    Path training = Samples.csv(folder.resolve("flowers.csv"), Samples.flowers(150, 1));
    // Without blue, which is class 0: of the classes found here, green would be.
    List<Flower> others =
        Samples.flowers(90, 2).stream().filter(f -> !f.color().equals("blue")).toList();
    Path test = Samples.csv(folder.resolve("others.csv"), others);
    Path shards = folder.resolve("shards");
    Path out = folder.resolve("run");
    Path zip = out.resolve("model.zip");

    Ended sharded =
        lockstep("shard", "--data", training, "--format", "csv", "--header", "--out", shards)
            .succeeded();
    assertTrue(sharded.out().startsWith("150 examples in 1 data shards at "), sharded::toString);
    assertTrue(lockstep("inspect", shards).succeeded().out().contains("labels [blue, green, red]"));

    Ended trained = train(shards, out).succeeded();
    String sha = trained.found("parametersSha256 ([0-9a-f]{64})");
    Ended run = lockstep("inspect", out).succeeded();
    assertTrue(run.out().contains(sha), run::toString);
    assertEquals("99", lockstep("inspect", zip).succeeded().found("parameters +([0-9,]+)"));

    MultiLayerNetwork plain = ModelSerializer.restoreMultiLayerNetwork(zip.toFile());
    String accuracy = percent(accuracy(plain, others));
    Ended evaluated =
        lockstep("evaluate", "--model", zip, "--data", test, "--format", "csv", "--header")
            .succeeded();
    assertEquals(Integer.toString(others.size()), evaluated.found("examples ([0-9]+)"));
    assertEquals(accuracy, evaluated.found("accuracy (.*) %"));
    assertTrue(accuracy(plain, others) > 0.7, accuracy);
    assertTrue(evaluated.out().contains("  blue:      0      0      0"), evaluated::toString);

    // The model elsewhere, without its run: the classes can be named.
    Path copy = Files.copy(zip, folder.resolve("copy.zip"));
    Ended named =
        lockstep(
                "evaluate",
                "--model",
                copy,
                "--data",
                test,
                "--format",
                "csv",
                "--header",
                "--classes",
                "blue,green,red")
            .succeeded();
    assertEquals(accuracy, named.found("accuracy (.*) %"));

    Path shardedTest = folder.resolve("others");
    lockstep("shard", "--data", test, "--format", "csv", "--header", "--out", shardedTest)
        .succeeded();
    lockstep("evaluate", "--model", zip, "--data", shardedTest)
        .refused(
            2,
            "data=" + shardedTest + " has classes=[green, red] != [blue, green, red] of the data",
            "shard the data again with --classes blue,green,red")
        .beforeAnyJob();

    Ended unchanged = train(shards, out).succeeded().beforeAnyJob();
    assertEquals(sha, unchanged.found("parametersSha256 (.*)"));
    assertTrue(unchanged.out().contains(" is complete: "), unchanged.out());
    train(shards, out, "--seed", "8")
        .refused(
            2,
            "which has other settings: ",
            "seed=8 != 42 of the run: repeat its settings, start a new run from its parameters"
                + " with --warm-start, name another folder with --out, or replace it with"
                + " --overwrite")
        .beforeAnyJob();
    assertEquals(sha, train(shards, out, "--overwrite").succeeded().found("parametersSha256 (.*)"));
    Ended again =
        lockstep("shard", "--data", training, "--format", "csv", "--header", "--out", shards)
            .succeeded()
            .beforeAnyJob();
    assertTrue(again.out().startsWith("unchanged since the last time: 150 examples"));
    lockstep("shard", "--data", test, "--format", "csv", "--header", "--out", shards)
        .refused(2, "holds a dataset already, of other data or read in another way", "--overwrite")
        .beforeAnyJob();
  }

  private static Ended train(Path data, Path out, String... more) {
    List<Object> words =
        new ArrayList<>(List.of("train", "--model", "mlp:12", "--data", data, "--out", out));
    words.addAll(List.of("--optimizer", "adam(lr=0.02)", "--epochs", "12", "--batch-size", "8"));
    words.addAll(Arrays.asList(more));
    return lockstep(words.toArray());
  }

  private static double accuracy(MultiLayerNetwork network, List<Flower> flowers) {
    float[][] rows = flowers.stream().map(Flower::values).toArray(float[][]::new);
    int[] guesses = Nd4j.argMax(network.output(Nd4j.create(rows)), 1).toIntVector();
    long right =
        IntStream.range(0, guesses.length)
            .filter(i -> Samples.COLORS.get(guesses[i]).equals(flowers.get(i).color()))
            .count();
    return (double) right / guesses.length;
  }

  private static String percent(double part) {
    return String.format(Locale.ROOT, "%.2f", 100 * part);
  }

  @Test
  void imagesAreTrainedOnAndEvaluatedStraightFromIdxFiles() throws IOException {
    int[] labels = IntStream.range(0, 120).map(i -> i % 4).toArray();
    int[] otherLabels = IntStream.range(0, 60).map(i -> i % 3).toArray();
    Path training = Samples.idx(folder.resolve("training"), labels, 3);
    Path test = Samples.idx(folder.resolve("test"), otherLabels, 4);
    Path out = folder.resolve("run");

    train(training, out, "--format", "idx").succeeded();
    Ended evaluated =
        lockstep(
                "evaluate",
                "--model",
                out.resolve("model.zip"),
                "--data",
                test,
                "--format",
                "idx",
                "--batch-size",
                "7")
            .succeeded();

    MultiLayerNetwork plain =
        ModelSerializer.restoreMultiLayerNetwork(out.resolve("model.zip").toFile());
    byte[] images = Samples.images(otherLabels, 4);
    int pixels = Samples.SIDE * Samples.SIDE;
    INDArray features = Nd4j.create(otherLabels.length, pixels);
    for (int i = 0; i < otherLabels.length * pixels; i++) {
      features.putScalar(i, Byte.toUnsignedInt(images[16 + i]) / 255f);
    }
    int[] guesses = Nd4j.argMax(plain.output(features), 1).toIntVector();
    long right = IntStream.range(0, 60).filter(i -> guesses[i] == otherLabels[i]).count();
    assertEquals(percent(right / 60.0), evaluated.found("accuracy (.*) %"));
    assertTrue(right > 30, evaluated::toString);
  }

  @Test
  void settingsOfAFileHoldUnlessOptionsSayOtherwise() throws IOException {
    Path data = Samples.csv(folder.resolve("flowers.csv"), Samples.flowers(60, 1));
    Path config = folder.resolve("config.json");
    Files.writeString(
        config,
        """
        {"version": 1, "optimization": {"epochs": 3}, "mode": {"virtualWorkers": 2},
         "data": {"batchSize": 4, "validationFraction": 0.2}, "output": {"folder": "%s"}}
        """
            .formatted(folder.resolve("first").toUri()));
    Ended first =
        lockstep(
                "train",
                "--config",
                config,
                "--model",
                "linear",
                "--data",
                data,
                "--format",
                "csv",
                "--header")
            .succeeded();
    // 48 examples are 6 steps of 2 * 4.
    assertEquals("18", first.found("([0-9]+) steps in"));
    assertTrue(first.out().contains("validation loss"), first::toString);
    assertTrue(Files.exists(folder.resolve("first/data/manifest.json")));

    Ended second =
        lockstep(
                "train",
                "--config",
                config,
                "--epochs",
                "1",
                "--seed",
                "5",
                "--out",
                folder.resolve("second"),
                "--model",
                "linear",
                "--data",
                folder.resolve("first/data"))
            .succeeded();
    assertEquals("6", second.found("([0-9]+) steps in"));
    String sha = "parametersSha256 (.*)";
    assertNotEquals(first.found(sha), second.found(sha));
  }

  @Test
  void doctorFindsThisJvmFit() {
    Ended doctor = lockstep("doctor").succeeded();
    assertEquals("2", doctor.found("slots +([0-9]+)"));
    assertTrue(doctor.out().contains("ready to train"), doctor::toString);
    assertTrue(doctor.out().contains("natives linux-x86_64-onednn-avx2"), doctor::toString);
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "shard", "evaluate", "inspect", "doctor"})
  void everyCommandExplainsItself(String command) {
    Ended help = lockstep(command, "--help").succeeded().beforeAnyJob();
    assertTrue(help.out().startsWith("Usage: lockstep " + command), help::toString);
    assertTrue(help.out().contains("--debug"), help::toString);
  }

  @Test
  void theCommandItselfListsTheOthers() {
    Ended help = lockstep("--help").succeeded();
    for (String command : List.of("train", "shard", "evaluate", "inspect", "doctor")) {
      assertTrue(help.out().contains("\n  " + command + " "), help::toString);
    }
    assertEquals(help.out(), lockstep().succeeded().out());
    assertTrue(lockstep("--version").succeeded().out().startsWith("lockstep "));
  }
}
