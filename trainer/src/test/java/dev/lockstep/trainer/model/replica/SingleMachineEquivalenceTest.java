package dev.lockstep.trainer.model.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.config.ClusterConfig.Kernels;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.network.BuiltModel;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

/** V virtual workers of b examples do what DL4J's own fit does with the same V·b as one batch. */
class SingleMachineEquivalenceTest {
  private static final int V = 4;
  private static final int B = 8;
  private static final int STEPS = 100;
  private static final double TOLERANCE = 1e-5;
  private static final List<TensorSpec> TABLE = List.of(Fixtures.features(12), Fixtures.classes(4));
  private static final List<TensorSpec> IMAGES =
      List.of(Fixtures.features(1, 12, 12), Fixtures.classes(4));

  private enum Kind {
    LAYERS,
    GRAPH
  }

  private enum Regularization {
    NONE,
    L2,
    WEIGHT_DECAY,
    L1_AND_BIAS
  }

  private enum Rule {
    SGD,
    NESTEROVS,
    ADAM;

    IUpdater updater() {
      return switch (this) {
        case SGD -> new Sgd(0.1);
        case NESTEROVS -> new Nesterovs(0.05, 0.9);
        case ADAM -> new Adam(1e-2);
      };
    }

    /** For units that are off, of whose weights the gradient is nothing but rounding. */
    IUpdater updaterForKinks() {
      // Adam's first step is nearly sign(g). With DL4J's 1e-8 it makes whole steps out of them.
      return this == ADAM ? new Adam(1e-2, 0.9, 0.999, 1e-6) : updater();
    }
  }

  /** Every updater with every regularization; of graphs, each of both once. */
  static Stream<Arguments> updatersAndRegularizations() {
    return Stream.concat(
        Stream.of(Rule.values())
            .flatMap(
                rule ->
                    Stream.of(Regularization.values())
                        .map(each -> Arguments.of(rule.updater(), each, Kind.LAYERS))),
        Stream.of(
            Arguments.of(Rule.SGD.updater(), Regularization.NONE, Kind.GRAPH),
            Arguments.of(Rule.NESTEROVS.updater(), Regularization.L2, Kind.GRAPH),
            Arguments.of(Rule.ADAM.updater(), Regularization.WEIGHT_DECAY, Kind.GRAPH),
            Arguments.of(new AdaMax(1e-2), Regularization.L2, Kind.LAYERS),
            Arguments.of(new AMSGrad(1e-2), Regularization.WEIGHT_DECAY, Kind.GRAPH),
            // Its first steps are some sixty times the rate: v has no bias correction.
            Arguments.of(new Nadam(1e-3), Regularization.L2, Kind.LAYERS),
            Arguments.of(new AdaGrad(0.05), Regularization.WEIGHT_DECAY, Kind.GRAPH),
            Arguments.of(new RmsProp(1e-2), Regularization.L2, Kind.LAYERS),
            Arguments.of(new AdaDelta(), Regularization.WEIGHT_DECAY, Kind.GRAPH),
            Arguments.of(scheduledNadam(), Regularization.L2, Kind.LAYERS)));
  }

  @ParameterizedTest
  @MethodSource("updatersAndRegularizations")
  void hundredStepsEndWhereFitEnds(IUpdater updater, Regularization regularization, Kind kind) {
    Fit fit = Fit.of(kind, table(updater, regularization));
    double error = runSideBySide(fit, TABLE, V, B, STEPS);
    assertTrue(error <= TOLERANCE, "relative error of parameters " + error);
  }

  /** The combinations that the other list leaves out. */
  static Stream<Arguments> otherCombinations() {
    return Stream.of(
        Arguments.of(Rule.SGD.updater(), Regularization.L2, Kind.GRAPH),
        Arguments.of(Rule.SGD.updater(), Regularization.WEIGHT_DECAY, Kind.GRAPH),
        Arguments.of(Rule.NESTEROVS.updater(), Regularization.NONE, Kind.GRAPH),
        Arguments.of(Rule.NESTEROVS.updater(), Regularization.WEIGHT_DECAY, Kind.GRAPH),
        Arguments.of(Rule.ADAM.updater(), Regularization.NONE, Kind.GRAPH),
        Arguments.of(Rule.ADAM.updater(), Regularization.L2, Kind.GRAPH),
        Arguments.of(new AdaMax(1e-2), Regularization.WEIGHT_DECAY, Kind.GRAPH),
        Arguments.of(new AMSGrad(1e-2), Regularization.L2, Kind.LAYERS),
        Arguments.of(new Nadam(1e-3), Regularization.WEIGHT_DECAY, Kind.GRAPH),
        Arguments.of(new AdaGrad(0.05), Regularization.L2, Kind.LAYERS),
        Arguments.of(new RmsProp(1e-2), Regularization.WEIGHT_DECAY, Kind.GRAPH),
        Arguments.of(new AdaDelta(), Regularization.L2, Kind.LAYERS),
        Arguments.of(scheduledNadam(), Regularization.WEIGHT_DECAY, Kind.GRAPH));
  }

  @Tag("nightly")
  @ParameterizedTest
  @MethodSource("otherCombinations")
  void soDoTheOtherCombinations(IUpdater updater, Regularization regularization, Kind kind) {
    hundredStepsEndWhereFitEnds(updater, regularization, kind);
  }

  private static IUpdater scheduledNadam() {
    return new Nadam(new ExponentialSchedule(ScheduleType.ITERATION, 1e-3, 0.97));
  }

  /** Plain DL4J of either kind. */
  private record Fit(ModelDefinition definition, MultiLayerNetwork layers, ComputationGraph graph) {
    static Fit of(Kind kind, MultiLayerConfiguration configuration) {
      MultiLayerNetwork layers = new MultiLayerNetwork(configuration);
      layers.init();
      if (kind == Kind.LAYERS) {
        return new Fit(ModelDefinition.of(configuration), layers, null);
      }
      ComputationGraph graph = layers.toComputationGraph();
      return new Fit(ModelDefinition.of(graph.getConfiguration()), null, graph);
    }

    void step(DataSet batch) {
      if (layers != null) {
        layers.fit(batch);
      } else {
        graph.fit(batch);
      }
    }

    SavedTraining now() {
      InitialModel model = layers != null ? InitialModel.of(layers) : InitialModel.of(graph);
      return model.saved().orElseThrow();
    }

    double score() {
      return layers != null ? layers.score() : graph.score();
    }
  }

  private static double runSideBySide(
      Fit fit, List<TensorSpec> tensors, int virtualWorkers, int b, int steps) {
    try (ReplicaTraining cluster =
        new ReplicaTraining(
            fit.definition,
            BuiltModel.of(fit.definition, 1).updatePlan(new Clipping.None()),
            virtualWorkers,
            new ReplicaOptions(Kernels.BUILTIN))) {
      cluster.set(fit.now().theta());
      for (int step = 0; step < steps; step++) {
        // Every tenth batch is ragged: some virtual worker has fewer examples, or none.
        int examples = step % 10 == 9 ? virtualWorkers * b - b - 3 : virtualWorkers * b;
        MicroBatch global = Fixtures.examples(tensors, Math.max(1, examples), step);
        cluster.step(Fixtures.split(global, virtualWorkers, b), step, 0);
        fit.step(Fixtures.dl4j(global, shape(tensors.get(0))));
      }
      return Fixtures.relativeError(cluster.theta(), fit.now().theta());
    }
  }

  private static long[] shape(TensorSpec features) {
    return features.shape().stream().mapToLong(Integer::longValue).toArray();
  }

  private static MultiLayerConfiguration table(IUpdater updater, Regularization regularization) {
    NeuralNetConfiguration.Builder builder =
        new NeuralNetConfiguration.Builder().seed(7).updater(updater).activation(Activation.TANH);
    switch (regularization) {
      case NONE -> {}
      case L2 -> builder.l2(1e-2);
      case WEIGHT_DECAY -> builder.weightDecay(1e-2);
      case L1_AND_BIAS -> builder.l1(1e-3).l2Bias(1e-2);
    }
    return builder
        .list()
        .layer(new DenseLayer.Builder().nOut(16).build())
        .layer(new DenseLayer.Builder().nOut(10).build())
        .layer(output())
        .setInputType(InputType.feedForward(12))
        .build();
  }

  private static MultiLayerConfiguration images(Activation activation, IUpdater updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .updater(updater)
        .activation(activation)
        .list()
        .layer(new ConvolutionLayer.Builder(3, 3).nOut(6).build())
        .layer(
            new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                .kernelSize(2, 2)
                .stride(2, 2)
                .build())
        .layer(new ConvolutionLayer.Builder(2, 2).nOut(8).build())
        .layer(new DenseLayer.Builder().nOut(20).build())
        .layer(output())
        .setInputType(InputType.convolutional(12, 12, 1))
        .build();
  }

  @ParameterizedTest
  @EnumSource(Rule.class)
  void everyStepOfReluAndMaxPoolingIsFitsStep(Rule rule) {
    Fit fit = Fit.of(Kind.LAYERS, images(Activation.RELU, rule.updaterForKinks()));
    double worst = 0;
    try (ReplicaTraining cluster =
        new ReplicaTraining(
            fit.definition,
            BuiltModel.of(fit.definition, 1).updatePlan(new Clipping.None()),
            V,
            new ReplicaOptions(Kernels.BUILTIN))) {
      for (int step = 0; step < STEPS; step++) {
        SavedTraining before = fit.now();
        MicroBatch global = Fixtures.examples(IMAGES, step % 10 == 9 ? 21 : V * B, step);
        cluster.set(before.theta());
        cluster.restore(before.state());
        cluster.step(Fixtures.split(global, V, B), step, 0);
        fit.step(Fixtures.dl4j(global, 1, 12, 12));
        float[] update = Fixtures.minus(cluster.theta(), before.theta());
        float[] fitsUpdate = Fixtures.minus(fit.now().theta(), before.theta());
        worst = Math.max(worst, Fixtures.relativeError(update, fitsUpdate));
      }
    }
    assertTrue(worst <= TOLERANCE, "error of the update " + worst);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void batchNormalizationWithOneVirtualWorkerIsFits(Kind kind) {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(7)
            .updater(new Adam(1e-2))
            .activation(Activation.TANH)
            .list()
            .layer(new DenseLayer.Builder().nOut(16).build())
            .layer(new BatchNormalization())
            .layer(new DenseLayer.Builder().nOut(10).build())
            .layer(new BatchNormalization.Builder().useLogStd(true).build())
            .layer(output())
            .setInputType(InputType.feedForward(12))
            .build();
    Fit fit = Fit.of(kind, configuration);
    double error = runSideBySide(fit, TABLE, 1, 32, STEPS);
    assertTrue(error <= TOLERANCE, "relative error of parameters " + error);
  }

  @Test
  void batchNormalizationOfImagesWithOneVirtualWorkerIsFits() {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(7)
            .updater(new Nesterovs(0.02, 0.9))
            .activation(Activation.TANH)
            .list()
            .layer(new ConvolutionLayer.Builder(3, 3).nOut(6).build())
            .layer(new BatchNormalization())
            .layer(new DenseLayer.Builder().nOut(10).build())
            .layer(output())
            .setInputType(InputType.convolutional(12, 12, 1))
            .build();
    double error = runSideBySide(Fit.of(Kind.LAYERS, configuration), IMAGES, 1, 16, 30);
    assertTrue(error <= TOLERANCE, "relative error of parameters " + error);
  }

  @ParameterizedTest
  @EnumSource(value = GradientNormalization.class, mode = EnumSource.Mode.EXCLUDE, names = "None")
  void gradientNormalizationOfTheModelIsFits(GradientNormalization normalization) {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(7)
            .updater(new Nesterovs(0.02, 0.9))
            .activation(Activation.TANH)
            .gradientNormalization(normalization)
            .gradientNormalizationThreshold(0.05)
            .l2(1e-3)
            .list()
            .layer(new DenseLayer.Builder().nOut(16).build())
            .layer(new BatchNormalization())
            .layer(output())
            .setInputType(InputType.feedForward(12))
            .build();
    double error = runSideBySide(Fit.of(Kind.LAYERS, configuration), TABLE, 1, 32, 30);
    assertTrue(error <= TOLERANCE, "relative error of parameters " + error);
  }

  @Test
  void schedulesOfRateMomentumAndDecayAreFits() {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(7)
            .updater(new Sgd(new ExponentialSchedule(ScheduleType.ITERATION, 0.2, 0.95)))
            .biasUpdater(new Adam(new StepSchedule(ScheduleType.ITERATION, 0.01, 0.5, 10)))
            .activation(Activation.TANH)
            .weightDecay(0.01)
            .list()
            .layer(new DenseLayer.Builder().nOut(16).build())
            .layer(new DenseLayer.Builder().nOut(10).updater(new Nesterovs(0.05, 0.8)).build())
            .layer(output())
            .setInputType(InputType.feedForward(12))
            .build();
    double error = runSideBySide(Fit.of(Kind.LAYERS, configuration), TABLE, V, B, 60);
    assertTrue(error <= TOLERANCE, "relative error of parameters " + error);
  }

  @Test
  void gradientSumsWithoutDivisionAreFits() {
    MultiLayerConfiguration configuration = table(new Sgd(0.002), Regularization.L2);
    configuration.getConfs().forEach(conf -> conf.setMiniBatch(false));
    double error = runSideBySide(Fit.of(Kind.LAYERS, configuration), TABLE, V, B, 30);
    assertTrue(error <= TOLERANCE, "relative error of parameters " + error);
  }

  @Test
  void recurrentLayersAreFits() {
    List<TensorSpec> sequences = List.of(Fixtures.features(3, 7), Fixtures.classes(4));
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(7)
            .updater(new Adam(1e-2))
            .list()
            .layer(new LastTimeStep(new LSTM.Builder().nOut(8).build()))
            .layer(output())
            .setInputType(InputType.recurrent(3, 7))
            .build();
    double error = runSideBySide(Fit.of(Kind.LAYERS, configuration), sequences, V, B, 30);
    assertTrue(error <= TOLERANCE, "relative error of parameters " + error);
  }

  @Test
  void lossIsTheMeanOverExamplesWithoutRegularization() {
    Fit plain = Fit.of(Kind.LAYERS, table(new Sgd(0.1), Regularization.NONE));
    Fit regularized = Fit.of(Kind.LAYERS, table(new Sgd(0.1), Regularization.L2));
    MicroBatch global = Fixtures.examples(TABLE, 30, 1);
    plain.step(Fixtures.dl4j(global, 12));
    try (ReplicaTraining cluster =
        new ReplicaTraining(
            regularized.definition,
            BuiltModel.of(regularized.definition, 1).updatePlan(new Clipping.None()),
            V,
            ReplicaOptions.DEFAULT)) {
      cluster.set(regularized.now().theta());
      cluster.step(Fixtures.split(global, V, B), 0, 0);
      assertEquals(plain.score(), cluster.loss(), 1e-6);
    }
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nOut(4)
        .activation(Activation.SOFTMAX)
        .build();
  }
}
