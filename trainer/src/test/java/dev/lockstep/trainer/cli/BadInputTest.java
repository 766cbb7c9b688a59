package dev.lockstep.trainer.cli;

import static dev.lockstep.trainer.cli.Ended.lockstep;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.store.ShardedDatasets;
import dev.lockstep.trainer.cli.Samples.Flower;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.impl.LossFMeasure;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

/**
 * What cannot be trained on is refused in one line that says what, and what to do: with 2 where the
 * command was wrong, with 1 where the data are. Nothing is left behind.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BadInputTest {

  @TempDir private Path folder;
  private Path csv;
  private Path out;

  @BeforeEach
  void writeData() throws IOException {
    csv = Samples.csv(folder.resolve("flowers.csv"), Samples.flowers(60, 1));
    out = folder.resolve("run");
  }

  private Ended trainOnCsv(Path data, String model, Object... more) {
    return train(data, model, concat(new Object[] {"--format", "csv", "--header"}, more));
  }

  private Ended train(Path data, String model, Object... more) {
    return lockstep(
        concat(new Object[] {"train", "--data", data, "--model", model, "--out", out}, more));
  }

  private static Object[] concat(Object[] first, Object[] second) {
    List<Object> all = new ArrayList<>(Arrays.asList(first));
    all.addAll(Arrays.asList(second));
    return all.toArray();
  }

  private void nothingIsLeft() throws IOException {
    if (Files.exists(out)) {
      try (var inside = Files.list(out)) {
        assertEquals(List.of(), inside.toList());
      }
    }
  }

  private Path shards(Path data, Object... more) {
    Path shards = folder.resolve("shards");
    lockstep(
            concat(
                new Object[] {
                  "shard", "--data", data, "--format", "csv", "--header", "--out", shards
                },
                more))
        .succeeded();
    return shards;
  }

  private Path file(String name, MultiLayerConfiguration model) throws IOException {
    return Files.writeString(folder.resolve(name), model.toJson());
  }

  private static MultiLayerConfiguration model(int inputs, int outputs) {
    return new NeuralNetConfiguration.Builder()
        .updater(new Sgd(0.1))
        .list()
        .layer(new DenseLayer.Builder().nIn(inputs).nOut(5).activation(Activation.TANH).build())
        .layer(
            new OutputLayer.Builder(new LossMCXENT())
                .nIn(5)
                .nOut(outputs)
                .activation(Activation.SOFTMAX)
                .build())
        .build();
  }

  @ParameterizedTest
  @ValueSource(strings = {"shards", "csv", "idx"})
  void missingData(String format) throws IOException {
    train(folder.resolve("absent"), "linear", "--format", format)
        .refused(
            2,
            "data=" + folder.resolve("absent") + " cannot be read: no data",
            "absent: it does not exist: name readable data with --data")
        .beforeAnyJob();
    nothingIsLeft();
  }

  @Test
  void csvOptionsForAnotherFormat() throws IOException {
    train(folder, "linear", "--format", "idx", "--header")
        .refused(
            2,
            "--header cannot be used with data="
                + folder
                + " in format idx: leave out, or name another --format")
        .beforeAnyJob();
    train(folder, "linear", "--format", "libsvm", "--sequence-window", "3", "--image-size", "2x2")
        .refused(
            2,
            "--sequence-window, --image-size cannot be used with data="
                + folder
                + " in format libsvm")
        .beforeAnyJob();
    nothingIsLeft();
  }

  @Test
  void dataOfNoGivenFormat() throws IOException {
    train(csv, "linear")
        .refused(
            2,
            "data="
                + csv
                + " holds no manifest.json, so it is no complete dataset of data shards: name its"
                + " --format csv, tsv, parquet, orc, json, libsvm, idx, images or tfrecord, or"
                + " shard it again")
        .beforeAnyJob();
    lockstep("shard", "--data", csv, "--out", folder.resolve("shards"))
        .refused(2, "format of data=" + csv + " is not given: name it with --format csv, tsv, ")
        .beforeAnyJob();
    nothingIsLeft();
  }

  static Stream<Arguments> optimizerSettings() {
    return Stream.of(
        arguments(
            "--optimizer sgd(beta1=0.9)",
            "optimizer sgd: it has no beta1: give lr, momentum, dampening,"),
        arguments("--optimizer adamw(lr=x)", "optimizer adamw: lr=x is not a number: give one"),
        arguments("--optimizer adamw(beta1=2)", "AdamW beta1=2.0 must be in [0, 1)"),
        arguments("--optimizer adamx", "optimizer \"adamx\" is not known: give one of sgd, "),
        arguments(
            "--optimizer adam(lr=0.1,beta1=0.8)",
            "optimizer=adam(lr=0.1, beta1=0.8) with the built-in model=linear: its own adam takes"
                + " lr alone; leave the other arguments out, or use adamw"),
        arguments(
            "--lr 0.1",
            "option --lr is now part of --optimizer: write --optimizer 'adamw(lr=0.1)': see"),
        arguments(
            "--optimizer sgd --lr=0.1 --momentum 0.90 --nesterov",
            "write --optimizer 'sgd(lr=0.1, momentum=0.9, nesterov=true)'"),
        arguments(
            "--updater nesterovs --learning-rate 0.02",
            "option --updater is now part of --optimizer: write --optimizer 'nesterovs(lr=0.02)'"),
        arguments("--learning-rate 0.02", "write --optimizer 'adam(lr=0.02)'"),
        arguments("--beta1", "write --optimizer 'adamw(lr=1e-3, weight-decay=0.05)'"),
        arguments("--lr-schedule cosin", "schedule \"cosin\" is not known: give one of constant,"),
        arguments(
            "--lr-schedule cosine(90)",
            "schedule cosine: for=90 is not a length: give one such as 500steps or 30epochs"),
        arguments("--plateau factor=2", "plateau factor=2.0 must be in (0, 1)"),
        arguments(
            "--plateau patience=2", " without validation data (validationFraction=0.0): keep"));
  }

  @ParameterizedTest
  @MethodSource
  void optimizerSettings(String options, String message) throws IOException {
    trainOnCsv(csv, "linear", (Object[]) options.split(" ")).refused(2, message).beforeAnyJob();
    nothingIsLeft();
  }

  @Test
  void momentumScheduleWithoutMomentum() throws IOException {
    trainOnCsv(csv, "linear", "--momentum-schedule", "cosine")
        .refused(2, "momentumSchedule=cosine has no effect: neither sgd(momentum=…) nor");
    nothingIsLeft();
  }

  @Test
  void unreadableData() throws IOException {
    Files.setPosixFilePermissions(csv, PosixFilePermissions.fromString("---------"));
    assumeFalse(Files.isReadable(csv), "skipped: this user may read every file");
    trainOnCsv(csv, "linear")
        .refused(2, "data=" + csv + " cannot be read: ", "Permission denied")
        .beforeAnyJob();
    nothingIsLeft();
  }

  @Test
  void missingOrUnreadableModel() throws IOException {
    Path absent = folder.resolve("absent.zip");
    trainOnCsv(csv, absent.toString())
        .refused(
            2,
            "model=" + absent + " cannot be read: ",
            "absent.zip does not exist: give a DL4J zip, JSON or YAML file, or one of [mlp, lenet,"
                + " lstm, linear]")
        .beforeAnyJob();
    trainOnCsv(csv, folder.toString())
        .refused(2, "model=" + folder + " cannot be read: ", "give a DL4J zip")
        .beforeAnyJob();
    Path text = Files.writeString(folder.resolve("model.json"), "{\"layers\": 3}");
    trainOnCsv(csv, text.toString())
        .refused(2, text + " is not a DL4J configuration: it has neither \"confs\"")
        .beforeAnyJob();
    Path zip = Files.writeString(folder.resolve("model.zip"), "PK\3\4 and then nothing");
    trainOnCsv(csv, zip.toString()).refused(2, zip + " is not a readable zip: ").beforeAnyJob();
    lockstep("evaluate", "--model", absent, "--data", csv, "--format", "csv")
        .refused(2, "model=" + absent + " cannot be read: ")
        .beforeAnyJob();
    lockstep("inspect", absent).refused(2, "path=" + absent + " does not exist");
    nothingIsLeft();
  }

  @Test
  void aModelForAnotherNumberOfFeaturesOrClasses() throws IOException {
    Path shards = shards(csv);
    Path wide = file("wide.json", model(5, 3));
    String features =
        "takes 5 values per example, but tensor features has shape=[4] (4 values): change the model"
            + " or the dataset";
    train(shards, wide.toString()).refused(2, features, "5").beforeAnyJob();
    nothingIsLeft();
    train(shards, file("few.json", model(4, 2)).toString())
        .refused(2, "takes 2 values per example, but tensor labels has shape=[3]")
        .beforeAnyJob();
    nothingIsLeft();
    // Here the classes must be counted first: but what was written for it goes again.
    trainOnCsv(csv, wide.toString()).refused(2, features, "5");
    nothingIsLeft();
  }

  @Test
  void labelsOutOfRange() throws IOException {
    trainOnCsv(csv, "linear", "--classes", "blue,green")
        .refused(
            1, "flowers.csv", "label 'red' in column color is none of the 2 classes [blue, green]");
    nothingIsLeft();

    Path images = Samples.idx(folder.resolve("images"), new int[] {0, 1, 2, 0, 1, 2}, 1);
    train(images, "linear", "--format", "idx").succeeded();
    Path others = Samples.idx(folder.resolve("others"), new int[] {0, 1, 2, 3}, 1);
    lockstep("evaluate", "--model", out.resolve("model.zip"), "--data", others, "--format", "idx")
        .refused(1, "labels-idx1-ubyte: label 3 of item 3 is not in [0, classes=3)");
  }

  @ParameterizedTest
  @CsvSource({
    "NaN,   'NaN' in column height is not a finite number: replace it or drop the row",
    "1e999, '1e999' in column height is not a finite number: replace it or drop the row",
    "tall,  'tall' in column height is no number",
    "'',    column height is empty: fill in a number or drop the row"
  })
  void valuesThatAreNoNumbers(String value, String reason) throws IOException {
    List<Flower> flowers = Samples.flowers(10, 1);
    flowers.set(6, new Flower(List.of("1", "2", value, "4"), "red"));
    trainOnCsv(Samples.csv(csv, flowers), "linear").refused(1, "flowers.csv", "line 8", reason);
    nothingIsLeft();
  }

  @Test
  void emptyData() throws IOException {
    Path nothing = Files.createFile(folder.resolve("nothing.csv"));
    trainOnCsv(nothing, "linear").refused(1, "nothing.csv is empty: it holds no row");
    Path header = Samples.csv(folder.resolve("header.csv"), List.of());
    trainOnCsv(header, "linear").refused(1, "header.csv holds no row");
    Path images = Samples.idx(folder.resolve("images"), new int[0], 1);
    train(images, "linear", "--format", "idx")
        .refused(1, "images-idx3-ubyte: dimension 0 is 0: it holds no example");
    nothingIsLeft();
  }

  @Test
  void noExampleLeftForTraining() throws IOException {
    Path one = Samples.csv(folder.resolve("one.csv"), Samples.flowers(1, 1));
    trainOnCsv(one, "linear")
        .refused(2, "tensor labels has classes=1 < 2: there is nothing to tell apart");
    Path two = Samples.csv(folder.resolve("two.csv"), Samples.flowers(2, 1));
    trainOnCsv(two, "linear", "--validation-fraction", "0.9")
        .refused(
            2,
            "validationFraction=0.9 of 2 examples leaves no training example: lower it, or use more"
                + " data");
    nothingIsLeft();
  }

  @Test
  void fewerExamplesThanOneGlobalBatchTrain() throws IOException {
    // Only the first two virtual workers have one: the second worker has nothing to push.
    Path few = Samples.csv(folder.resolve("few.csv"), Samples.flowers(2, 1));
    Ended trained =
        trainOnCsv(few, "linear", "--batch-size", "8", "--virtual-workers", "4", "--epochs", "2")
            .succeeded();
    assertEquals("2", trained.found("([0-9]+) steps in"));
  }

  @Test
  void fewerVirtualWorkersThanWorkers() throws IOException {
    trainOnCsv(csv, "linear", "--workers", "3", "--virtual-workers", "2")
        .refused(2, "virtualWorkers=2 < workers=3: lower --workers or raise --virtual-workers")
        .beforeAnyJob();
    nothingIsLeft();
  }

  @ParameterizedTest
  @CsvSource({
    "--compress,--gradient-compression",
    "--compression,--shard-compression",
    "--push-split,--overlap-depth",
    "--launch-timeout,--start-timeout",
    "--split,--holdout",
    "--window,--sequence-window",
    "--standardise,--standardize",
    "--colour,--color"
  })
  void anOldOptionNamesTheNewOne(String old, String renamed) {
    lockstep("train", "--model", "linear", "--data", "a", "--out", "b", old, "1")
        .refused(2, "option " + old + " is now " + renamed);
  }

  @ParameterizedTest
  @CsvSource({"class,classification", "number,regression"})
  void anOldTaskNamesTheNewOne(String old, String task) {
    lockstep("train", "--model", "linear", "--data", "a", "--out", "b", "--label", old)
        .refused(2, "option --label is now --task: write --task " + task);
    lockstep("train", "--model", "linear", "--data", "a", "--out", "b", "--task", "none")
        .refused(2, "--task", "'none' is not one of classification, regression: see");
  }

  @Test
  void optionsOfAModeWithoutThatMode() throws IOException {
    trainOnCsv(csv, "linear", "--average-every", "4")
        .refused(2, "averageEvery and other settings of averaging without mode=averaging: add")
        .beforeAnyJob();
    trainOnCsv(csv, "linear", "--mode", "averaging", "--outer", "nesterov")
        .refused(2, "mode=averaging without averageEvery: give the steps of a round with")
        .beforeAnyJob();
    trainOnCsv(csv, "linear", "--mode", "averaging", "--average-every", "0")
        .refused(2, "averageEvery=0 < 1: give a number of steps with --average-every")
        .beforeAnyJob();
    trainOnCsv(
            csv, "linear", "--mode", "averaging", "--average-every", "2", "--outer-momentum", "0.5")
        .refused(2, "without an outer optimizer: name one with --outer nesterov or --outer block-")
        .beforeAnyJob();
    trainOnCsv(csv, "linear", "--outer", "adam")
        .refused(2, "'adam' is not one of none, nesterov, block-momentum");
    trainOnCsv(csv, "linear", "--staleness", "2")
        .refused(2, "staleness=2 without mode=ssp: add --mode ssp, or leave it out")
        .beforeAnyJob();
    trainOnCsv(csv, "linear", "--mode", "ssp")
        .refused(2, "mode=ssp without staleness: give the steps that parameters may be behind")
        .beforeAnyJob();
    trainOnCsv(csv, "linear", "--mode", "async", "--clip-norm", "1")
        .refused(2, "clipNorm=1.0 with mode=async: there is no moment")
        .beforeAnyJob();
    trainOnCsv(csv, "linear", "--mode", "async", "--clip-norm", "inf")
        .refused(2, "clipNorm=Infinity with mode=async: there is no moment")
        .beforeAnyJob();
    trainOnCsv(csv, "linear", "--clip-norm", "much")
        .refused(2, "'much' is neither a number nor inf");
    trainOnCsv(csv, "linear", "--overlap-depth", "3")
        .refused(
            2, "overlapDepth=3 > 2 levels of the tree over virtualWorkers=4: lower --overlap-depth")
        .beforeAnyJob();
    trainOnCsv(csv, "linear", "--post-local-from", "soon")
        .refused(2, "point=soon is not a number of steps or epochs: write 100steps or 2epochs");
    nothingIsLeft();
  }

  @Test
  void optionsOfAShuffleWithoutThatShuffle() throws IOException {
    trainOnCsv(csv, "linear", "--shuffle", "full", "--shuffle-window", "9")
        .refused(
            2, "--shuffle-window=9 has no effect without --shuffle window: leave it out, or add")
        .beforeAnyJob();
    trainOnCsv(csv, "linear", "--shuffle", "full", "--shuffle-memory", "0")
        .refused(2, "size=0 is not a number with a unit: write one such as 256MiB or 2GiB")
        .beforeAnyJob();
  }

  @Test
  void aLossThatCouplesTheExamplesOfABatch() throws IOException {
    MultiLayerConfiguration coupled =
        new NeuralNetConfiguration.Builder()
            .updater(new Sgd(0.1))
            .list()
            .layer(
                new OutputLayer.Builder(new LossFMeasure())
                    .nIn(4)
                    .nOut(2)
                    .activation(Activation.SOFTMAX)
                    .build())
            .build();
    String model = file("f-measure.json", coupled).toString();
    trainOnCsv(csv, model)
        .refused(
            2,
            "layer 0: LossFMeasure couples the examples of a batch, with virtualWorkers=4 > 1",
            "use LossBinaryXENT or --virtual-workers 1")
        .beforeAnyJob();
    nothingIsLeft();
    Path two =
        Samples.csv(
            folder.resolve("two.csv"),
            Samples.flowers(60, 1).stream().filter(f -> !f.color().equals("red")).toList());
    trainOnCsv(two, model, "--virtual-workers", "1").succeeded();
  }

  @Test
  void allThatIsUnsupportedInAModelIsSaidInOneLine() throws IOException {
    MultiLayerConfiguration model = model(4, 3);
    model.setBackpropType(BackpropType.TruncatedBPTT);
    model
        .getConf(0)
        .setOptimizationAlgo(org.deeplearning4j.nn.api.OptimizationAlgorithm.CONJUGATE_GRADIENT);
    trainOnCsv(csv, file("model.json", model).toString())
        .refused(
            2,
            "backpropType=TruncatedBPTT is not supported: use BackpropType.Standard on shorter"
                + " sequences; layer 0: optimizationAlgo=CONJUGATE_GRADIENT is not supported: use"
                + " STOCHASTIC_GRADIENT_DESCENT")
        .beforeAnyJob();
    nothingIsLeft();
  }

  @Test
  void aNumericProfileThatIsNotInTheEnvironment() throws IOException {
    trainOnCsv(csv, "linear", "--numeric-profile", "generic")
        .refused(
            2,
            "numeric profile generic is not in this JVM's environment:"
                + " OPENBLAS_CORETYPE=Haswell, wanted Prescott",
            "--conf spark.executorEnv.OPENBLAS_CORETYPE=Prescott")
        .beforeAnyJob();
    trainOnCsv(csv, "linear", "--numeric-profile", "fast")
        .refused(2, "numeric profile fast is unknown: choose one of [avx2, avx512,")
        .beforeAnyJob();
    nothingIsLeft();
  }

  @Test
  void aDamagedDataShardNamesFileAndBlock() throws IOException {
    Path shards = shards(csv, "--block-examples", "20");
    DatasetManifest set =
        ShardedDatasets.open(shards.toUri().toString(), new Configuration()).manifest();
    DataShard shard = set.shards().get(0);
    DataBlock block = shard.blocks().get(1);
    Path data = shards.resolve(shard.file());
    // Hadoop's own checksum of a local file, which object stores do not have.
    Files.delete(data.resolveSibling("." + data.getFileName() + ".crc"));
    try (RandomAccessFile file = new RandomAccessFile(data.toFile(), "rw")) {
      file.seek(block.offset() + block.length() / 2);
      int value = file.read();
      file.seek(block.offset() + block.length() / 2);
      file.write(value ^ 1);
    }
    train(shards, "linear")
        .refused(
            1,
            "training failed: worker ",
            "data shard " + data.toUri().getPath().replaceFirst("^", "file:") + ", block 1 ",
            " is damaged: its CRC32C is ",
            "restore the file or shard the data again");
    assertFalse(Files.exists(out.resolve("run.json")), "no finished run");
    assertFalse(Files.exists(out.resolve("model.zip")), "no model");
  }

  @Test
  void configurationFiles() throws IOException {
    Path config = folder.resolve("config.json");
    trainOnCsv(csv, "linear", "--config", config)
        .refused(2, "config=" + config + " cannot be read: name a JSON file with --config");
    Files.writeString(config, "{\"epoch\": 3}");
    trainOnCsv(csv, "linear", "--config", config)
        .refused(2, "config=" + config + ": configuration key epoch is unknown: ");
    Files.writeString(config, "{\"version\": 1, \"optimization\": {\"epochs\": 0}}");
    trainOnCsv(csv, "linear", "--config", config)
        .refused(2, "epochs=0 < 1: give a value of at least 1");
    lockstep("train", "--data", csv, "--model", "linear")
        .refused(2, "out is not given: name the folder for the run's outputs with --out");
    nothingIsLeft();
  }

  @Test
  void usage() {
    lockstep("train", "--epochs", "many")
        .refused(2, "Invalid value for option '--epochs'", "'many' is not an int", "train --help");
    lockstep("train", "--start-timeout", "5")
        .refused(2, "'--start-timeout'", "=5 is not a number with a unit: write one such as 500ms");
    lockstep("train", "--no-such-option").refused(2, "lockstep: ", "see lockstep train --help");
    lockstep("fly").refused(2, "Unmatched argument at index 0: 'fly'", "see lockstep --help");
  }

  @Test
  void stackTracesAreForDebugging() {
    Ended plain = trainOnCsv(csv, "absent.zip").refused(2);
    Ended debug = trainOnCsv(csv, "absent.zip", "--debug");
    assertEquals(2, debug.status(), debug::toString);
    assertTrue(debug.err().contains("\tat dev.lockstep.trainer.cli."), debug::toString);
    assertTrue(debug.err().endsWith(plain.err()), debug::toString);
  }
}
