package dev.lockstep.examples.mnist;

import dev.lockstep.examples.digits.AnswerSheet;
import dev.lockstep.examples.digits.AnswerSheet.Answer;
import dev.lockstep.examples.digits.Digit;
import dev.lockstep.examples.digits.DigitGenerator;
import dev.lockstep.examples.digits.DrawnDigits;
import dev.lockstep.examples.lab.Lab;
import dev.lockstep.sharding.IdxOptions;
import dev.lockstep.sharding.ReaderOptions.Normalization;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.ingest.idx.IdxIngest;
import dev.lockstep.trainer.GlobalBatches;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.output.TrainingResult;
import dev.lockstep.trainer.report.page.Page;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import picocli.CommandLine.Option;

/** The images that an example learns from, as asked for on the command line. */
final class DigitImages {

  /** Of the bytes as parts of 255: pixels from −1, paper, to 1, ink. */
  private static final Normalization PIXELS = new Normalization(0.5f, 0.5f);

  private static final int SHOWN = 150;
  private static final int COLUMNS = 18;

  @Option(
      names = "--images",
      paramLabel = "N",
      description = "Images, those for validation included (default: ${DEFAULT-VALUE}).")
  private int count;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description =
          "IDX files to take them from, [train-|t10k-]images-idx3-ubyte[.gz] and labels, as MNIST"
              + " has them (default: they are drawn).")
  private Path files;

  /**
   * Options with a default.
   *
   * @param count of images, unless the command line says otherwise
   */
  DigitImages(int count) {
    this.count = count;
  }

  /** The first so many images as data shards, with pixels in [−1, 1]. */
  ShardedDataset open(Lab lab) throws IOException {
    if (files == null) {
      return new DrawnDigits(new DigitGenerator(lab.seed()), lab.folder().resolve("data"), lab::say)
          .shards(lab.spark(), 0, count, "learn from", PIXELS);
    }
    return IdxIngest.ingest(
        lab.spark(),
        Lab.location(files),
        lab.location("data/images"),
        new IdxOptions(IdxOptions.FIND, 10, new IdxOptions.Items(0, count), PIXELS),
        lab.sharding("images"));
  }

  /** For a lead: how many images, and whose. */
  String describe(ShardedDataset data) {
    return String.format(
        Locale.ROOT,
        "%,d %s, pixels scaled to [−1, 1] when they were sharded",
        data.manifest().examples(),
        files == null ? "drawn digits" : "images of " + files.getFileName());
  }

  /** Some of the images kept for validation, and what a trained model takes them for. */
  static Page.Section answers(
      Lab lab, TrainingResult result, ShardedDataset data, TrainingConfig config) {
    MultiLayerNetwork network = result.model().network();
    List<Answer> answers = new ArrayList<>();
    try (GlobalBatches batches =
        Lockstep.validationBatches(lab.spark(), result.model(), data, config)) {
      while (batches.hasNext() && answers.size() < SHOWN) {
        DataSet batch = batches.next();
        int[] said = network.predict(batch.getFeatures());
        int[] right = batch.getLabels().argMax(1).toIntVector();
        for (int i = 0; i < said.length && answers.size() < SHOWN; i++) {
          answers.add(
              new Answer(new Digit(right[i], bytes(batch.getFeatures().getRow(i))), said[i]));
        }
      }
    }
    return new Page.Picture(
        "What the model says: its answer in blue, its mistakes in red frames",
        answers.size() + " images kept for validation, sorted by the model's answer",
        AnswerSheet.png(answers, COLUMNS));
  }

  private static byte[] bytes(INDArray pixels) {
    float[] values = pixels.toFloatVector();
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Math.round(255 * (values[i] * PIXELS.deviation() + PIXELS.mean()));
    }
    return bytes;
  }
}
