package dev.lockstep.trainer.model.replica;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.trainer.loop.GradientSource.ExampleSums;
import dev.lockstep.trainer.loop.GradientSource.Position;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.UnsupportedModelException;
import dev.lockstep.trainer.score.EvaluationSums;
import dev.lockstep.trainer.score.Evaluator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossFMeasure;

/** What masks and weights of examples do to losses and gradients, beside plain DL4J. */
class MasksAndWeightsTest {
  private static final double TOLERANCE = 1e-5;
  private static final Position START = new Position(17, 0, 0);
  private static final int SIZE = 3;
  private static final int TIME = 7;
  private static final TensorSpec WEIGHTS =
      new TensorSpec("weights", Role.WEIGHTS, Encoding.FLOAT32, List.of(1));

  private enum Net {
    CLASSES(false, true),
    ONE_NUMBER(false, true),
    EVERY_STEP(true, false),
    EVERY_STEP_BOTH_WAYS(true, false),
    ONE_NUMBER_EVERY_STEP(true, false),
    LAST_STEP(true, true),
    POOLED(true, true);

    final boolean sequences;
    final boolean oneRow;

    Net(boolean sequences, boolean oneRow) {
      this.sequences = sequences;
      this.oneRow = oneRow;
    }

    int outputs() {
      return this == ONE_NUMBER || this == ONE_NUMBER_EVERY_STEP ? 1 : 4;
    }

    MultiLayerConfiguration configuration() {
      List<Layer> hidden =
          switch (this) {
            case CLASSES, ONE_NUMBER -> List.of(new DenseLayer.Builder().nOut(5).build());
            case EVERY_STEP, ONE_NUMBER_EVERY_STEP ->
                List.of(
                    new LSTM.Builder().nOut(5).build(), new SimpleRnn.Builder().nOut(4).build());
            case EVERY_STEP_BOTH_WAYS ->
                List.of(new Bidirectional(new SimpleRnn.Builder().nOut(5).build()));
            case LAST_STEP -> List.of(new LastTimeStep(new LSTM.Builder().nOut(5).build()));
            case POOLED ->
                List.of(
                    new LSTM.Builder().nOut(5).build(), new GlobalPoolingLayer.Builder().build());
          };
      NeuralNetConfiguration.ListBuilder builder =
          new NeuralNetConfiguration.Builder()
              .seed(7)
              .updater(new Sgd(0.1))
              .activation(Activation.TANH)
              .list();
      hidden.forEach(builder::layer);
      LossFunction loss = outputs() == 1 ? LossFunction.MSE : LossFunction.MCXENT;
      Activation activation = outputs() == 1 ? Activation.TANH : Activation.SOFTMAX;
      builder.layer(
          oneRow
              ? new OutputLayer.Builder(loss).nOut(outputs()).activation(activation).build()
              : new RnnOutputLayer.Builder(loss).nOut(outputs()).activation(activation).build());
      return builder
          .setInputType(sequences ? InputType.recurrent(SIZE, TIME) : InputType.feedForward(SIZE))
          .build();
    }

    /** One example as DL4J has it, without a batch dimension; it is longer if sequences are. */
    Sample sample(Random random, int length) {
      float[][] features = new float[SIZE][sequences ? length : 1];
      for (float[] row : features) {
        for (int i = 0; i < row.length; i++) {
          row[i] = (float) random.nextGaussian();
        }
      }
      float[][] labels = new float[outputs()][oneRow ? 1 : length];
      for (int step = 0; step < labels[0].length; step++) {
        labels[random.nextInt(outputs())][step] = 1;
      }
      return new Sample(features, labels);
    }
  }

  /** {@code features[size][time]}, {@code labels[out][time or 1]}. */
  @SuppressWarnings("ArrayRecordComponent") // compared with nothing
  private record Sample(float[][] features, float[][] labels) {}

  private enum Kind {
    LAYERS,
    GRAPH
  }

  /** Plain DL4J, whose gradients are sums over examples. */
  private static final class Plain {
    private final ModelDefinition definition;
    private final MultiLayerNetwork layers;
    private final ComputationGraph graph;

    Plain(Net net, Kind kind) {
      MultiLayerNetwork network = new MultiLayerNetwork(net.configuration());
      network.init();
      graph = kind == Kind.GRAPH ? network.toComputationGraph() : null;
      layers = kind == Kind.GRAPH ? null : network;
      definition =
          graph == null
              ? ModelDefinition.of(network.getLayerWiseConfigurations())
              : ModelDefinition.of(graph.getConfiguration());
    }

    float[] theta() {
      return Fixtures.floats(graph == null ? layers.params() : graph.params());
    }

    Sums sums(INDArray features, INDArray labels, INDArray featuresMask, INDArray labelsMask) {
      long examples = features.size(0);
      if (graph == null) {
        layers.setInput(features);
        layers.setLabels(labels);
        layers.setLayerMaskArrays(featuresMask, labelsMask);
        layers.computeGradientAndScore();
        layers.clearLayerMaskArrays();
        return new Sums(Fixtures.floats(layers.getFlattenedGradients()), layers.score() * examples);
      }
      graph.setInputs(features);
      graph.setLabels(labels);
      graph.setLayerMaskArrays(
          featuresMask == null ? null : new INDArray[] {featuresMask},
          labelsMask == null ? null : new INDArray[] {labelsMask});
      graph.computeGradientAndScore();
      graph.clearLayerMaskArrays();
      return new Sums(Fixtures.floats(graph.getFlattenedGradients()), graph.score() * examples);
    }

    /** The sample alone, unpadded, without masks. */
    Sums sums(Net net, Sample sample) {
      return sums(
          batch(net.sequences, sample.features), batch(!net.oneRow, sample.labels), null, null);
    }

    private static INDArray batch(boolean isSequence, float[][] values) {
      INDArray array = Nd4j.createFromArray(values);
      return isSequence
          ? array.reshape(1, values.length, values[0].length)
          : array.reshape(1, values.length);
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // compared with a tolerance
  private record Sums(float[] gradient, double loss) {
    Sums plus(double weight, Sums other) {
      float[] sum = gradient.clone();
      for (int i = 0; i < sum.length; i++) {
        sum[i] += (float) (weight * other.gradient[i]);
      }
      return new Sums(sum, loss + weight * other.loss);
    }

    static Sums zero(int length) {
      return new Sums(new float[length], 0);
    }

    void assertEqual(Sums expected) {
      double error = Fixtures.relativeError(gradient, expected.gradient);
      assertTrue(error <= TOLERANCE, "relative error of gradients " + error);
      assertEquals(expected.loss, loss, TOLERANCE * Math.abs(expected.loss));
    }
  }

  /** Samples as a micro-batch, padded to the longest, which masks say. */
  private static final class Padded {
    private final List<TensorSpec> tensors = new ArrayList<>();
    private final List<float[]> values = new ArrayList<>();
    private final int count;

    Padded(Net net, List<Sample> samples) {
      this.count = samples.size();
      int time = net.sequences ? TIME : 1;
      add("features", Role.FEATURES, net.sequences ? List.of(SIZE, TIME) : List.of(SIZE));
      add(
          "labels",
          Role.LABELS,
          net.oneRow ? List.of(net.outputs()) : List.of(net.outputs(), TIME));
      if (net.sequences) {
        add("features_mask", Role.FEATURES_MASK, List.of(TIME));
      }
      if (!net.oneRow) {
        add("labels_mask", Role.LABELS_MASK, List.of(TIME));
      }
      for (int i = 0; i < count; i++) {
        Sample sample = samples.get(i);
        put(0, i, sample.features, time);
        put(1, i, sample.labels, net.oneRow ? 1 : TIME);
        for (int mask = 2; mask < tensors.size(); mask++) {
          Arrays.fill(values.get(mask), i * TIME, i * TIME + sample.features[0].length, 1);
        }
      }
    }

    private void add(String name, Role role, List<Integer> shape) {
      tensors.add(new TensorSpec(name, role, Encoding.FLOAT32, shape));
      values.add(new float[count * tensors.get(tensors.size() - 1).elements()]);
    }

    private void put(int tensor, int example, float[][] rows, int time) {
      for (int row = 0; row < rows.length; row++) {
        System.arraycopy(
            rows[row],
            0,
            values.get(tensor),
            (example * rows.length + row) * time,
            rows[row].length);
      }
    }

    Padded weighted(float... weights) {
      tensors.add(WEIGHTS);
      values.add(weights);
      return this;
    }

    MicroBatch batch() {
      return new MicroBatch(count, tensors, values);
    }

    INDArray array(int tensor) {
      long[] shape =
          java.util.stream.LongStream.concat(
                  java.util.stream.LongStream.of(count),
                  tensors.get(tensor).shape().stream().mapToLong(Integer::longValue))
              .toArray();
      return Nd4j.create(values.get(tensor)).reshape('c', shape);
    }

    INDArray only(Role role) {
      for (int i = 0; i < tensors.size(); i++) {
        if (tensors.get(i).role() == role) {
          return array(i);
        }
      }
      return null;
    }
  }

  private static Sums ofReplica(Plain plain, MicroBatch batch) {
    try (ModelReplica replica = ModelReplica.open(plain.definition, ReplicaOptions.DEFAULT)) {
      replica.setParameters(plain.theta());
      float[] gradient = new float[replica.parameterCount()];
      ExampleSums sums = replica.gradient(batch, START, gradient);
      assertEquals(batch.examples(), sums.examples());
      // As in inference: these networks have nothing that behaves otherwise there.
      assertEquals(sums.loss(), replica.score(batch).loss(), TOLERANCE * Math.abs(sums.loss()));
      return new Sums(gradient, sums.loss());
    }
  }

  private static List<Sample> samples(Net net) {
    Random random = new Random(5);
    return List.of(net.sample(random, 4), net.sample(random, TIME), net.sample(random, 1));
  }

  @ParameterizedTest
  @EnumSource(Net.class)
  void paddedAndWeightedIsTheWeightedSumOfSequencesAlone(Net net) {
    for (Kind kind : Kind.values()) {
      Plain plain = new Plain(net, kind);
      List<Sample> samples = samples(net);
      float[] weights = {2, 0.5f, 3};
      Sums expected = Sums.zero(plain.theta().length);
      Sums unweighted = expected;
      for (int i = 0; i < samples.size(); i++) {
        Sums alone = plain.sums(net, samples.get(i));
        expected = expected.plus(weights[i], alone);
        unweighted = unweighted.plus(1, alone);
      }
      ofReplica(plain, new Padded(net, samples).batch()).assertEqual(unweighted);
      ofReplica(plain, new Padded(net, samples).weighted(weights).batch()).assertEqual(expected);
      // The last batch of an epoch may be of one example.
      ofReplica(plain, new Padded(net, samples.subList(2, 3)).weighted(3).batch())
          .assertEqual(Sums.zero(plain.theta().length).plus(3, plain.sums(net, samples.get(2))));
    }
  }

  @Test
  void aLabelsMaskOfWeightsIsNoWeightingInDl4j() {
    // Why weights go into the loss. If this fails, DL4J has changed: see WeightedLoss.
    for (Net net : List.of(Net.CLASSES, Net.ONE_NUMBER)) {
      Plain plain = new Plain(net, Kind.LAYERS);
      Padded padded = new Padded(net, samples(net)).weighted(2, 0.5f, 3);
      Sums masked = plain.sums(padded.array(0), padded.array(1), null, padded.only(Role.WEIGHTS));
      Sums weighted = ofReplica(plain, padded.batch());
      assertTrue(Fixtures.relativeError(masked.gradient, weighted.gradient) > 0.01);
    }
  }

  @Test
  void eachOutputHasItsOwnWeightsOrAllHaveTheSame() {
    ComputationGraphConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(7)
            .updater(new Sgd(0.1))
            .activation(Activation.TANH)
            .graphBuilder()
            .addInputs("in")
            .addLayer("hidden", new DenseLayer.Builder().nOut(5).build(), "in")
            .addLayer(
                "numbers",
                new OutputLayer.Builder(LossFunction.MSE)
                    .nOut(2)
                    .activation(Activation.IDENTITY)
                    .build(),
                "hidden")
            .addLayer(
                "classes",
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .nOut(3)
                    .activation(Activation.SOFTMAX)
                    .build(),
                "hidden")
            .setOutputs("numbers", "classes")
            .setInputTypes(InputType.feedForward(SIZE))
            .build();
    ComputationGraph graph = new ComputationGraph(configuration);
    graph.init();
    List<TensorSpec> tensors =
        List.of(
            Fixtures.features(SIZE),
            new TensorSpec("numbers", Role.LABELS, Encoding.FLOAT32, List.of(2)),
            new TensorSpec("classes", Role.LABELS, Encoding.CLASS_INDEX, List.of(3)));
    MicroBatch plain = Fixtures.examples(tensors, 3, 1);
    ModelDefinition definition = ModelDefinition.of(configuration);
    float[] theta = Fixtures.floats(graph.params());
    float[] ones = {1, 1, 1};
    float[] twice = {2, 2, 2};
    Sums once = gradient(definition, theta, plain);
    Sums same = gradient(definition, theta, weighted(plain, twice));
    same.assertEqual(once.plus(1, once));
    Sums numbersTwice = gradient(definition, theta, weighted(plain, twice, ones));
    Sums classesTwice = gradient(definition, theta, weighted(plain, ones, twice));
    numbersTwice.plus(1, classesTwice).assertEqual(once.plus(2, once));
    assertTrue(Fixtures.relativeError(numbersTwice.gradient, classesTwice.gradient) > 0.01);
  }

  private static MicroBatch weighted(MicroBatch batch, float[]... weights) {
    List<TensorSpec> tensors = new ArrayList<>(batch.tensors());
    List<float[]> values = new ArrayList<>(batch.values());
    for (float[] each : weights) {
      tensors.add(new TensorSpec("w" + tensors.size(), Role.WEIGHTS, Encoding.FLOAT32, List.of(1)));
      values.add(each);
    }
    return new MicroBatch(batch.examples(), tensors, values);
  }

  private static Sums gradient(ModelDefinition definition, float[] theta, MicroBatch batch) {
    try (ModelReplica replica = ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
      replica.setParameters(theta);
      float[] gradient = new float[theta.length];
      return new Sums(gradient, replica.gradient(batch, START, gradient).loss());
    }
  }

  @Test
  void weightsChangeTheLossButNeitherPredictionsNorWhatIsCounted() {
    Plain plain = new Plain(Net.CLASSES, Kind.LAYERS);
    List<Sample> samples = samples(Net.CLASSES);
    float[] weights = {2, 0, 3};
    try (ModelReplica replica = ModelReplica.open(plain.definition, ReplicaOptions.DEFAULT)) {
      replica.setParameters(plain.theta());
      MicroBatch once = new Padded(Net.CLASSES, samples).batch();
      MicroBatch weighted = new Padded(Net.CLASSES, samples).weighted(weights).batch();
      assertArrayEquals(replica.predict(once).get(0), replica.predict(weighted).get(0));
      double loss = 0;
      for (int i = 0; i < samples.size(); i++) {
        loss += weights[i] * plain.sums(Net.CLASSES, samples.get(i)).loss;
      }
      Evaluator tally = new Evaluator(Evaluator.Detail.DETAILED);
      replica.evaluate(weighted, tally);
      EvaluationSums sums = tally.sums().get(0);
      assertEquals(3, sums.examples());
      assertEquals(3, sums.rows());
      assertEquals(loss, sums.loss(), TOLERANCE * loss);
      assertEquals(loss / 3, sums.meanLoss(), TOLERANCE * loss);
      // The next batch without weights has none.
      assertEquals(
          plain.sums(Net.CLASSES, samples.get(0)).loss,
          replica.score(new Padded(Net.CLASSES, samples.subList(0, 1)).batch()).loss(),
          1e-5);
    }
  }

  @Test
  void whatCannotBeWeightedOrMaskedIsRefused() {
    TensorSpec perClass = new TensorSpec("wide", Role.WEIGHTS, Encoding.FLOAT32, List.of(4));
    assertRefused(
        Net.CLASSES.configuration(),
        List.of(Fixtures.features(SIZE), Fixtures.classes(4), perClass),
        "tensor wide of WEIGHTS has shape=[4] encoding=FLOAT32: give one number per example, shape"
            + " [1]");
    assertRefused(
        Net.CLASSES.configuration(),
        List.of(
            Fixtures.features(SIZE),
            Fixtures.classes(4),
            WEIGHTS,
            new TensorSpec("more", Role.WEIGHTS, Encoding.FLOAT32, List.of(1))),
        "the dataset has 2 WEIGHTS tensors for 1 outputs: give one for all, or one for each");
    MultiLayerConfiguration coupled =
        new NeuralNetConfiguration.Builder()
            .updater(new Sgd(0.1))
            .list()
            .layer(
                new OutputLayer.Builder(new LossFMeasure())
                    .nIn(SIZE)
                    .nOut(1)
                    .activation(Activation.SIGMOID)
                    .build())
            .build();
    assertRefused(
        coupled,
        List.of(Fixtures.features(SIZE), Fixtures.targets(1), WEIGHTS),
        "LossFMeasure is no sum over examples, so they cannot have weights: use LossBinaryXENT, or"
            + " a dataset without WEIGHTS");
    MultiLayerConfiguration bothWays =
        new NeuralNetConfiguration.Builder()
            .updater(new Sgd(0.1))
            .list()
            .layer(new Bidirectional(new LSTM.Builder().nOut(5).build()))
            .layer(
                new RnnOutputLayer.Builder(LossFunction.MCXENT)
                    .nOut(4)
                    .activation(Activation.SOFTMAX)
                    .build())
            .setInputType(InputType.recurrent(SIZE))
            .build();
    TensorSpec mask = new TensorSpec("mask", Role.FEATURES_MASK, Encoding.FLOAT32, List.of(TIME));
    List<TensorSpec> tensors = List.of(Fixtures.features(SIZE, TIME), Fixtures.targets(4, TIME));
    ModelValidation.check(ModelDefinition.of(bothWays), tensors, 1, new Clipping.None(), 1);
    assertRefused(
        bothWays,
        List.of(tensors.get(0), tensors.get(1), mask),
        "layer 0: a Bidirectional LSTM does not mask its padding in DL4J: use"
            + " Bidirectional(SimpleRnn), or sequences of one length without a FEATURES_MASK");
  }

  private static void assertRefused(
      MultiLayerConfiguration configuration, List<TensorSpec> tensors, String problem) {
    UnsupportedModelException refused =
        assertThrows(
            UnsupportedModelException.class,
            () ->
                ModelValidation.check(
                    ModelDefinition.of(configuration), tensors, 1, new Clipping.None(), 1));
    assertEquals(List.of(problem), refused.problems());
  }
}
