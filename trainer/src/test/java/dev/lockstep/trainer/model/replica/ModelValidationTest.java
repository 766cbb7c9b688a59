package dev.lockstep.trainer.model.replica;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.UnsupportedModelException;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.score.EvaluationSums;
import dev.lockstep.trainer.score.Evaluator;
import java.util.List;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.stepfunctions.GradientStepFunction;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.AdaBelief;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossFMeasure;
import org.nd4j.linalg.schedule.FixedSchedule;

/** What Lockstep would train wrongly is refused before the run starts, with the remedy. */
class ModelValidationTest {
  private static final List<TensorSpec> TABLE = List.of(Fixtures.features(12), Fixtures.classes(4));

  private static NeuralNetConfiguration.Builder builder() {
    return new NeuralNetConfiguration.Builder().updater(new Sgd(0.1)).activation(Activation.TANH);
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nOut(4)
        .activation(Activation.SOFTMAX)
        .build();
  }

  private static MultiLayerConfiguration with(Layer first) {
    return with(builder(), first);
  }

  private static MultiLayerConfiguration with(NeuralNetConfiguration.Builder builder, Layer first) {
    return builder
        .list()
        .layer(first)
        .layer(output())
        .setInputType(InputType.feedForward(12))
        .build();
  }

  private static DenseLayer.Builder dense() {
    return new DenseLayer.Builder().nOut(6);
  }

  private static void refused(MultiLayerConfiguration configuration, String... messages) {
    refused(ModelDefinition.of(configuration), TABLE, 4, new Clipping.None(), messages);
  }

  private static void refused(
      ModelDefinition definition,
      List<TensorSpec> tensors,
      int virtualWorkers,
      Clipping clipping,
      String... messages) {
    UnsupportedModelException e =
        assertThrows(
            UnsupportedModelException.class,
            () -> ModelValidation.check(definition, tensors, virtualWorkers, clipping, 1));
    for (String message : messages) {
      assertTrue(e.getMessage().contains(message), e.getMessage());
    }
  }

  @Test
  void truncatedBackpropagationThroughTime() {
    MultiLayerConfiguration configuration = with(dense().build());
    configuration.setBackpropType(BackpropType.TruncatedBPTT);
    refused(
        configuration, "backpropType=TruncatedBPTT is not supported: use BackpropType.Standard");
  }

  @Test
  void otherDataTypes() {
    refused(
        with(builder().dataType(DataType.DOUBLE), dense().build()),
        "dataType=DOUBLE is not supported: use DataType.FLOAT");
  }

  @Test
  void constraints() {
    refused(
        with(dense().constrainWeights(new MaxNormConstraint(1.0, 1)).build()),
        "layer 0: constraints are not supported: remove them");
  }

  @Test
  void pretrainedLayers() {
    refused(
        with(new AutoEncoder.Builder().nOut(6).build()),
        "layer 0: AutoEncoder is trained layer by layer (pretrain), which is not supported");
  }

  @Test
  void otherOptimizationAlgorithms() {
    refused(
        with(builder().optimizationAlgo(OptimizationAlgorithm.LBFGS), dense().build()),
        "layer 0: optimizationAlgo=LBFGS is not supported: use STOCHASTIC_GRADIENT_DESCENT");
  }

  @Test
  @SuppressWarnings("deprecation") // still there, so still refused
  void otherStepFunctions() {
    refused(
        with(builder().stepFunction(new GradientStepFunction()), dense().build()),
        "layer 0: stepFunction=GradientStepFunction is not supported: leave the default");
  }

  @Test
  void frozenLayers() {
    refused(
        with(new FrozenLayer(dense().nIn(12).updater(new Sgd(0.1)).build())),
        "layer 0: frozen layers are not supported: remove FrozenLayer");
  }

  @Test
  void weightNoise() {
    refused(
        with(dense().weightNoise(new DropConnect(0.5)).build()),
        "layer 0: weight noise DropConnect is not supported: use dropout");
  }

  @Test
  void sameDiffLayers() {
    MultiLayerConfiguration configuration =
        builder()
            .list()
            .layer(new LocallyConnected1D.Builder().nOut(3).kernelSize(2).setInputSize(6).build())
            .layer(new org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer())
            .layer(output())
            .setInputType(InputType.recurrent(2, 6))
            .build();
    refused(configuration, "layer 0: LocallyConnected1D is made with SameDiff");
  }

  @Test
  void otherUpdatersAllAtOnce() {
    refused(
        with(builder().updater(new AdaBelief(0.1)), dense().build()),
        "parameter 0_W: updater AdaBelief, with which DL4J 1.0.0-M2.1's own fit and restoring fail"
            + " (AdaBelief.instantiate: index 1 of a shape of length 1), is not supported: use"
            + " Adam",
        "parameter 1_b: updater AdaBelief");
  }

  @Test
  void anAdaGradScheduleThatDl4jItselfLoses() {
    refused(
        with(builder().updater(new AdaGrad(new FixedSchedule(0.1))), dense().build()),
        "parameter 0_W: a schedule of AdaGrad, which DL4J 1.0.0-M2.1 loses when it copies the"
            + " updater, is not supported: give AdaGrad a fixed learning rate");
  }

  @Test
  void centerLoss() {
    MultiLayerConfiguration configuration =
        builder()
            .list()
            .layer(
                new CenterLossOutputLayer.Builder(LossFunction.MCXENT)
                    .nOut(4)
                    .activation(Activation.SOFTMAX)
                    .build())
            .setInputType(InputType.feedForward(12))
            .build();
    refused(configuration, "layer 0: CenterLossOutputLayer couples the examples of a batch");
  }

  @Test
  void fMeasureWithSeveralVirtualWorkersOnly() {
    List<TensorSpec> binary = List.of(Fixtures.features(12), Fixtures.targets(1));
    ModelDefinition definition =
        ModelDefinition.of(
            builder()
                .list()
                .layer(
                    new OutputLayer.Builder(new LossFMeasure())
                        .nOut(1)
                        .activation(Activation.SIGMOID)
                        .build())
                .setInputType(InputType.feedForward(12))
                .build());
    refused(
        definition,
        binary,
        2,
        new Clipping.None(),
        "layer 0: LossFMeasure couples the examples of a batch, with virtualWorkers=2 > 1");
    assertDoesNotThrow(() -> ModelValidation.check(definition, binary, 1, new Clipping.None(), 1));
  }

  @Test
  void modelsWithoutALoss() {
    MultiLayerConfiguration configuration =
        builder().list().layer(dense().build()).setInputType(InputType.feedForward(12)).build();
    refused(configuration, "the last layer has no loss: end the model in an OutputLayer");
  }

  @Test
  void clippingTwice() {
    refused(
        ModelDefinition.of(
            with(
                builder().gradientNormalization(GradientNormalization.ClipL2PerLayer),
                dense().build())),
        TABLE,
        4,
        new Clipping.GlobalNorm(1),
        "and the model's own gradientNormalization (layers [0, 1]) exclude each other");
  }

  @Test
  void anotherNumberOfFeatures() {
    refused(
        ModelDefinition.of(with(dense().build())),
        List.of(Fixtures.features(1, 28, 28), Fixtures.classes(4)),
        4,
        new Clipping.None(),
        "the input of the model takes 12 values per example, but tensor features has"
            + " shape=[1, 28, 28] (784 values): change the model or the dataset");
  }

  @Test
  void anotherNumberOfLabels() {
    refused(
        ModelDefinition.of(with(dense().build())),
        List.of(Fixtures.features(12), Fixtures.classes(10)),
        4,
        new Clipping.None(),
        "the output of the model takes 4 values per example, but tensor labels has shape=[10]");
  }

  @Test
  void imagesOfAnotherNumberOfChannels() {
    refused(
        ModelDefinition.builtIn(
            "lenet",
            List.of(Fixtures.features(3, 32, 32), Fixtures.classes(4)),
            BuiltInOptions.DEFAULT),
        List.of(Fixtures.features(1, 32, 32), Fixtures.classes(4)),
        4,
        new Clipping.None(),
        "but tensor features has shape=[1, 32, 32]");
  }

  @Test
  void anotherNumberOfInputs() {
    TensorSpec second = new TensorSpec("more", Role.FEATURES, Encoding.FLOAT32, List.of(3));
    refused(
        ModelDefinition.of(with(dense().build())),
        List.of(TABLE.get(0), second, TABLE.get(1)),
        4,
        new Clipping.None(),
        "the model has 1 inputs [the input], but the dataset has 2 FEATURES tensors"
            + " [features, more]");
  }

  @Test
  void whatOnlyDl4jCanTell() {
    MultiLayerConfiguration configuration =
        builder()
            .list()
            .layer(dense().build())
            .layer(dense().build())
            .layer(output())
            .setInputType(InputType.feedForward(12))
            .build();
    ((DenseLayer) configuration.getConf(1).getLayer()).setNIn(7);
    refused(
        configuration,
        "the model cannot compute examples of this dataset [features[12], labels[4]]: DL4J says:");
  }

  @Test
  void graphsWithSeveralInputsAndOutputsPass() {
    ComputationGraphConfiguration graph =
        builder()
            .graphBuilder()
            .addInputs("a", "b")
            .addLayer("da", new DenseLayer.Builder().nIn(12).nOut(5).build(), "a")
            .addLayer("db", new DenseLayer.Builder().nIn(3).nOut(5).build(), "b")
            .addVertex("both", new MergeVertex(), "da", "db")
            .addLayer(
                "class",
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .nIn(10)
                    .nOut(4)
                    .activation(Activation.SOFTMAX)
                    .build(),
                "both")
            .addLayer(
                "value",
                new OutputLayer.Builder(LossFunction.MSE)
                    .nIn(10)
                    .nOut(2)
                    .activation(Activation.IDENTITY)
                    .build(),
                "both")
            .setOutputs("class", "value")
            .build();
    List<TensorSpec> tensors =
        List.of(
            new TensorSpec("a", Role.FEATURES, Encoding.FLOAT32, List.of(12)),
            new TensorSpec("kind", Role.LABELS, Encoding.CLASS_INDEX, List.of(4)),
            new TensorSpec("b", Role.FEATURES, Encoding.FLOAT32, List.of(3)),
            new TensorSpec("size", Role.LABELS, Encoding.FLOAT32, List.of(2)));
    ModelDefinition definition = ModelDefinition.of(graph);
    assertDoesNotThrow(
        () -> ModelValidation.check(definition, tensors, 4, new Clipping.GlobalNorm(1), 1));
    try (ModelReplica replica = ModelReplica.open(definition, ReplicaOptions.DEFAULT)) {
      replica.setParameters(BuiltModel.of(definition, 1).initialParameters());
      Evaluator tally = new Evaluator(Evaluator.Detail.DETAILED);
      replica.evaluate(Fixtures.examples(tensors, 5, 1), tally);
      List<EvaluationSums> sums = tally.sums();
      assertEquals(2, sums.size());
      assertTrue(sums.get(0).isClassification());
      assertEquals(2, sums.get(1).columns().size());
    }
  }

  @Test
  void theBuiltInModelsPass() {
    List<TensorSpec> images = List.of(Fixtures.features(1, 28, 28), Fixtures.classes(10));
    List<TensorSpec> values = List.of(Fixtures.features(11), Fixtures.targets(1));
    for (String name : List.of("linear", "mlp:256,128", "lenet", "lstm:16")) {
      ModelDefinition definition = ModelDefinition.builtIn(name, images, BuiltInOptions.DEFAULT);
      assertDoesNotThrow(
          () -> ModelValidation.check(definition, images, 4, new Clipping.None(), 1), name);
    }
    for (String name : List.of("linear", "mlp:16", "lstm:16")) {
      ModelDefinition definition =
          ModelDefinition.builtIn(
              name, values, BuiltInOptions.DEFAULT.with(BuiltInOptions.Updater.NESTEROVS));
      assertDoesNotThrow(
          () -> ModelValidation.check(definition, values, 4, new Clipping.None(), 1), name);
    }
  }

  @Test
  void badBuiltInNamesAreRefusedSayingHow() {
    assertBuiltInRefused("mlp", "model mlp: give hidden sizes after a colon");
    assertBuiltInRefused("mlp:10,0", "model mlp:10,0: give hidden sizes after a colon");
    assertBuiltInRefused("lenet:3", "model lenet:3 takes no sizes: write lenet");
    assertBuiltInRefused("resnet", "model resnet is not built in: use linear, mlp:256,128");
    assertBuiltInRefused("lenet", "model lenet needs images [channels, height >= 16, width >= 16]");
  }

  private static void assertBuiltInRefused(String name, String message) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> ModelDefinition.builtIn(name, TABLE, BuiltInOptions.DEFAULT));
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }
}
