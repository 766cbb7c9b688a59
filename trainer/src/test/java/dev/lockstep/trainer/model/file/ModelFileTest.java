package dev.lockstep.trainer.model.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.config.ClusterConfig.Kernels;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.model.UnsupportedModelException;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.model.replica.Fixtures;
import dev.lockstep.trainer.model.replica.ReplicaOptions;
import dev.lockstep.trainer.model.replica.ReplicaTraining;
import dev.lockstep.trainer.numeric.NumericProfile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
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
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.RampSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/** Models go out to DL4J's format and come back, and nothing else comes in. */
class ModelFileTest {
  private static final List<TensorSpec> TABLE = List.of(Fixtures.features(12), Fixtures.classes(4));

  /** Several updaters and a batch normalization: four groups of updater state. */
  private static MultiLayerConfiguration mixed() {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .updater(new Adam(new ExponentialSchedule(ScheduleType.ITERATION, 1e-2, 0.99)))
        .activation(Activation.TANH)
        .list()
        .layer(new DenseLayer.Builder().nOut(16).build())
        .layer(new BatchNormalization())
        .layer(new DenseLayer.Builder().nOut(10).updater(new Nesterovs(0.05, 0.9)).build())
        .layer(new DenseLayer.Builder().nOut(10).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(4)
                .activation(Activation.SOFTMAX)
                .build())
        .setInputType(InputType.feedForward(12))
        .build();
  }

  private static MultiLayerConfiguration with(IUpdater updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .updater(updater)
        .activation(Activation.TANH)
        .list()
        .layer(new DenseLayer.Builder().nOut(16).build())
        .layer(new DenseLayer.Builder().nOut(10).updater(new Sgd(0.05)).build())
        .layer(
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(4)
                .activation(Activation.SOFTMAX)
                .build())
        .setInputType(InputType.feedForward(12))
        .build();
  }

  static Stream<Arguments> modelsByTheirUpdaters() {
    return Stream.of(
        Arguments.of("mixed", mixed()),
        Arguments.of("AdaMax", with(new AdaMax(1e-2))),
        Arguments.of("AMSGrad", with(new AMSGrad(1e-2))),
        Arguments.of("Nadam", with(new Nadam(1e-2))),
        Arguments.of("AdaGrad", with(new AdaGrad(0.05))),
        Arguments.of("RmsProp", with(new RmsProp(1e-2))),
        Arguments.of("AdaDelta", with(new AdaDelta())));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("modelsByTheirUpdaters")
  void plainDl4jContinuesAnExportedTrainingAsIfItHadNeverLeft(
      String name, MultiLayerConfiguration configuration) throws IOException {
    ModelDefinition definition = ModelDefinition.of(configuration);
    MultiLayerNetwork uninterrupted = new MultiLayerNetwork(configuration);
    uninterrupted.init();
    byte[] exported;
    try (ReplicaTraining cluster =
        new ReplicaTraining(
            definition,
            BuiltModel.of(definition, 1).updatePlan(new Clipping.None()),
            1,
            new ReplicaOptions(Kernels.BUILTIN))) {
      cluster.set(Fixtures.floats(uninterrupted.params()));
      for (int step = 0; step < 20; step++) {
        MicroBatch batch = Fixtures.examples(TABLE, 32, step);
        cluster.step(List.of(batch), step, 0);
        uninterrupted.fit(Fixtures.dl4j(batch, 12));
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      InitialModel.trained(definition, new SavedTraining(cluster.theta(), cluster.state(), 20, 3))
          .write(out);
      exported = out.toByteArray();
    }
    MultiLayerNetwork continued =
        ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(exported), true);
    assertEquals(20, continued.getIterationCount());
    assertEquals(3, continued.getEpochCount());
    for (int step = 20; step < 40; step++) {
      MicroBatch batch = Fixtures.examples(TABLE, 32, step);
      continued.fit(Fixtures.dl4j(batch, 12));
      uninterrupted.fit(Fixtures.dl4j(batch, 12));
    }
    double error =
        Fixtures.relativeError(
            Fixtures.floats(continued.params()), Fixtures.floats(uninterrupted.params()));
    assertTrue(error <= 1e-5, "relative error of parameters " + error);
  }

  @Test
  void exportedStateComesBackAsItWas() throws IOException {
    ModelDefinition definition = ModelDefinition.of(mixed());
    MultiLayerNetwork network = new MultiLayerNetwork(mixed());
    network.init();
    for (int step = 0; step < 3; step++) {
      network.fit(Fixtures.dl4j(Fixtures.examples(TABLE, 32, step), 12));
    }
    SavedTraining saved = InitialModel.of(network).saved().orElseThrow();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    InitialModel.trained(definition, new SavedTraining(saved.theta(), saved.state(), 3, 0))
        .write(out);
    InitialModel back = InitialModel.read(new ByteArrayInputStream(out.toByteArray()), "model.zip");
    assertArrayEquals(saved.theta(), back.parameters(99));
    assertEquals(2, back.state().length);
    assertArrayEquals(saved.state()[0], back.state()[0]);
    assertArrayEquals(saved.state()[1], back.state()[1]);
    assertEquals(3, back.iterations());
  }

  @Test
  void aGraphGoesOutAndComesBackToo() throws IOException {
    MultiLayerNetwork layers = new MultiLayerNetwork(mixed());
    layers.init();
    ComputationGraph graph = layers.toComputationGraph();
    graph.fit(Fixtures.dl4j(Fixtures.examples(TABLE, 32, 1), 12));
    InitialModel model = InitialModel.of(graph);
    SavedTraining saved = model.saved().orElseThrow();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    InitialModel.trained(model.definition(), new SavedTraining(saved.theta(), saved.state(), 1, 0))
        .write(out);
    ComputationGraph restored =
        ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(out.toByteArray()), true);
    assertEquals(graph.params(), restored.params());
    assertEquals(
        graph.getUpdater().getUpdaterStateViewArray(),
        restored.getUpdater().getUpdaterStateViewArray());
    InitialModel back = InitialModel.read(new ByteArrayInputStream(out.toByteArray()), "model.zip");
    assertEquals(ModelDefinition.Kind.COMPUTATION_GRAPH, back.definition().kind());
    assertArrayEquals(saved.theta(), back.parameters(0));
  }

  @Test
  void jsonAndYamlOfBothKindsAreRead() throws IOException {
    MultiLayerNetwork network = new MultiLayerNetwork(mixed());
    network.init();
    ComputationGraphConfiguration graph = network.toComputationGraph().getConfiguration();
    ModelDefinition layers = ModelDefinition.of(mixed());
    assertEquals(layers, read(mixed().toJson()).definition());
    assertEquals(layers, read(mixed().toYaml()).definition());
    assertEquals(ModelDefinition.of(graph), read(graph.toJson()).definition());
    assertEquals(ModelDefinition.of(graph), read(graph.toYaml()).definition());
  }

  @Test
  void aDefinitionCrossesToExecutors() throws Exception {
    ModelDefinition definition = ModelDefinition.of(mixed());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(definition);
      out.writeObject(BuiltModel.of(definition, 1).updatePlan(new Clipping.None()));
      out.writeObject(ReplicaOptions.DEFAULT);
      out.writeObject(NumericProfile.AVX2);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertEquals(definition, in.readObject());
      assertEquals(BuiltModel.of(definition, 1).updatePlan(new Clipping.None()), in.readObject());
      assertEquals(ReplicaOptions.DEFAULT, in.readObject());
      assertEquals(NumericProfile.AVX2, in.readObject());
    }
  }

  @Test
  void initialParametersFollowTheSeedOfTheRun() {
    ModelDefinition definition = ModelDefinition.of(mixed());
    // ND4J's native generator takes 0 and 0xdeadbeef for "seed from the clock".
    for (long seed : new long[] {5, 0, 0xdeadbeef}) {
      assertArrayEquals(
          BuiltModel.of(definition, seed).initialParameters(),
          BuiltModel.of(definition, seed).initialParameters());
    }
    assertTrue(
        Fixtures.relativeError(
                BuiltModel.of(definition, 5).initialParameters(),
                BuiltModel.of(definition, 6).initialParameters())
            > 0.1);
  }

  @Test
  void aZipWithASerializedObjectIsRefused() throws IOException {
    assertRefused(
        with("preprocessor.bin", new byte[] {1}),
        "model.zip holds preprocessor.bin, a serialized Java object that runs code");
  }

  @Test
  void aZipWithAnythingElseInItIsRefused() throws IOException {
    assertRefused(
        with("../evil.sh", new byte[] {1}),
        "model.zip holds the unexpected entry ../evil.sh: a DL4J model has only");
  }

  @Test
  void aZipBombIsRefused() throws IOException {
    assertRefused(
        with("normalizer.bin", new byte[8 << 20]),
        "model.zip!normalizer.bin unpacks to more than 500 times its packed bytes");
  }

  @Test
  void aZipWithAnEntryTwiceIsRefused() throws IOException {
    // ZipOutputStream refuses duplicates, so one is renamed in the bytes.
    byte[] zip = with("normalizer.bim", new byte[] {1}, "normalizer.bin", new byte[] {2});
    String latin = new String(zip, StandardCharsets.ISO_8859_1);
    byte[] twice =
        latin.replace("normalizer.bim", "normalizer.bin").getBytes(StandardCharsets.ISO_8859_1);
    assertRefused(twice, "model.zip holds normalizer.bin twice");
  }

  @Test
  void parametersThatDoNotFitTheConfigurationAreRefused() throws IOException {
    ModelDefinition other = ModelDefinition.builtIn("linear", TABLE, BuiltInOptions.DEFAULT);
    byte[] json = other.json().getBytes(StandardCharsets.UTF_8);
    assertRefused(
        replacing("configuration.json", json),
        "model.zip!coefficients.bin: an array has 596 values, but the configuration beside it needs"
            + " 52");
  }

  @Test
  void whatIsNoModelIsRefusedSayingSo() {
    assertRefused(new byte[0], "model.zip is empty");
    assertRefused(
        new byte[] {(byte) 0x89, 'H', 'D', 'F', 13, 10}, "model.zip is an HDF5 file: import it");
    assertRefused(
        "{\"a\": 1}".getBytes(StandardCharsets.UTF_8), "model.zip is not a DL4J configuration");
    assertRefused("{\"a\": ".getBytes(StandardCharsets.UTF_8), "model.zip is not JSON");
    assertRefused(new byte[] {'P', 'K', 3, 4, 0}, "model.zip is not a readable zip");
  }

  /** A schedule that is not read as it was written. */
  static final class Forgetful implements ISchedule {
    private static final long serialVersionUID = 1;

    private final double rate;

    Forgetful(@JsonProperty("rate") double rate) {
      this.rate = rate / 2;
    }

    /** Makes Jackson write the rate. */
    public double getRate() {
      return rate;
    }

    @Override
    public double valueAt(int iteration, int epoch) {
      return rate;
    }

    @Override
    public ISchedule clone() {
      return new Forgetful(rate);
    }
  }

  @Test
  void aSettingThatDoesNotSurviveJsonIsRefused() {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .updater(new Sgd(new Forgetful(0.5)))
            .list()
            .layer(
                new OutputLayer.Builder(LossFunction.MSE)
                    .nIn(2)
                    .nOut(1)
                    .activation(Activation.IDENTITY)
                    .build())
            .build();

    UnsupportedModelException e =
        assertThrows(UnsupportedModelException.class, () -> ModelDefinition.of(configuration));
    assertTrue(e.getMessage().contains("does not survive DL4J's JSON"), e.getMessage());
    assertTrue(e.getMessage().contains("was \"rate\" : 0.25"), e.getMessage());
  }

  @Test
  void aScheduleThatDl4jWritesAndCannotReadIsRefused() {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .updater(new Sgd(new RampSchedule(new FixedSchedule(0.1), 10)))
            .list()
            .layer(new OutputLayer.Builder(LossFunction.MCXENT).nIn(2).nOut(3).build())
            .build();
    UnsupportedModelException e =
        assertThrows(UnsupportedModelException.class, () -> ModelDefinition.of(configuration));
    assertTrue(e.getMessage().contains("RampSchedule"), e.getMessage());
    assertTrue(e.getMessage().contains("cannot be read back from DL4J's JSON"), e.getMessage());
  }

  private static InitialModel read(String text) throws IOException {
    return InitialModel.read(
        new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "model");
  }

  private static void assertRefused(byte[] file, String message) {
    UnsupportedModelException e =
        assertThrows(
            UnsupportedModelException.class,
            () -> InitialModel.read(new ByteArrayInputStream(file), "model.zip"));
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }

  private static byte[] exported() throws IOException {
    ModelDefinition definition = ModelDefinition.of(mixed());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    InitialModel.trained(
            definition,
            new SavedTraining(BuiltModel.of(definition, 1).initialParameters(), null, 0, 0))
        .write(out);
    return out.toByteArray();
  }

  private static byte[] with(Object... namesAndContents) throws IOException {
    return rewritten("", new byte[0], namesAndContents);
  }

  private static byte[] replacing(String name, byte[] content) throws IOException {
    return rewritten(name, content);
  }

  private static byte[] rewritten(String replaced, byte[] content, Object... added)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes);
        ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(exported()))) {
      List<String> names = new ArrayList<>();
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        names.add(entry.getName());
        out.putNextEntry(new ZipEntry(entry.getName()));
        out.write(entry.getName().equals(replaced) ? content : in.readAllBytes());
      }
      for (int i = 0; i < added.length; i += 2) {
        out.putNextEntry(new ZipEntry((String) added[i]));
        out.write((byte[]) added[i + 1]);
      }
      assertTrue(names.contains("coefficients.bin"));
    }
    return bytes.toByteArray();
  }
}
