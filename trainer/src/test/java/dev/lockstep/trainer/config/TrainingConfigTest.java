package dev.lockstep.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.DataBlock;
import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.augment.GaussianNoise;
import dev.lockstep.sharding.augment.RandomCrop;
import dev.lockstep.sharding.augment.RandomFlip;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.trainer.config.ClusterConfig.Kernels;
import dev.lockstep.trainer.config.ClusterConfig.MixedBits;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import dev.lockstep.trainer.config.OutputConfig.ExistingOutput;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TrainingConfigTest {

  @Test
  void defaultsAreThese() {
    TrainingConfig config = TrainingConfig.builder().output(o -> o.folder("runs/a")).build();
    assertEquals(
        new TrainingConfig(
            new DataConfig(32, 0, List.of()),
            new OrderConfig(Shuffle.Kind.WINDOW, null, ByteSize.mebibytes(256)),
            new OptimizationConfig(
                1, 42, OptimizerSettings.OF_MODEL, 0, 0, NonFinitePolicy.STOP, null),
            new ModeConfig(Mode.SYNC, 4, 1, null, null, Compression.NONE, 0),
            new CheckpointConfig(null, 2, null, 4),
            new ClusterConfig(
                0,
                1,
                Duration.ofMinutes(5),
                Duration.ofSeconds(10),
                "avx2",
                Kernels.ONEDNN,
                MixedBits.REFUSE),
            new OutputConfig("runs/a", ExistingOutput.CONTINUE)),
        config);
  }

  @Test
  void jsonKeepsEveryField() {
    TrainingConfig config =
        TrainingConfig.builder()
            .optimization(
                o ->
                    o.epochs(3)
                        .seed(-5)
                        .clipNorm(1.5)
                        .optimizer(
                            OptimizerSettings.OF_MODEL
                                .withOptimizer("sgd(lr=0.1, momentum=0.9)")
                                .withLearningRateSchedule("linear(500steps,from=0.1) > cosine")
                                .withMomentumSchedule("onecycle-momentum")
                                .withRateScaling(OptimizerSettings.RateScaling.SQRT)
                                .withPlateau("patience=3")))
            .data(
                d ->
                    d.batchSize(7)
                        .augmentation(
                            List.of(new RandomFlip(), new RandomCrop(2), new GaussianNoise(0.05)))
                        .validationFraction(0.25))
            .mode(m -> m.virtualWorkers(6).gradientCompression(new Compression.TopK(0.01)))
            .cluster(
                s ->
                    s.workers(2)
                        .numericProfile("avx512")
                        .mixedBits(MixedBits.ALLOW)
                        .kernels(Kernels.BUILTIN)
                        .startTimeout(Duration.ofSeconds(90))
                        .peerTimeout(Duration.ofSeconds(3)))
            .order(o -> o.window(77).memory(ByteSize.mebibytes(9)))
            .checkpoints(s -> s.every(CheckpointInterval.parse("100steps")))
            .output(o -> o.folder("hdfs:///runs/a").existing(ExistingOutput.REPLACE))
            .build();
    assertEquals(config, TrainingConfig.fromJson(config.toJson()));
    assertEquals(config, config.toBuilder().build());
  }

  @Test
  void aWindowOfNothingIsTheOrderOfTheFile() {
    TrainingConfig none =
        TrainingConfig.builder().output(o -> o.folder("a")).order(o -> o.window(0)).build();
    assertEquals(Shuffle.NONE, none.order().shuffleOf(rows(8, 1024)));
    assertEquals(
        none,
        TrainingConfig.builder()
            .output(o -> o.folder("a"))
            .order(o -> o.shuffle(Shuffle.Kind.NONE))
            .build());
    TrainingConfig full = none.toBuilder().order(o -> o.shuffle(Shuffle.Kind.FULL)).build();
    assertEquals(Shuffle.FULL, full.order().shuffleOf(rows(8, 1024)));
    assertEquals(full, TrainingConfig.fromJson(full.toJson()));
    assertEquals(full, full.resolvedFor(rows(8, 1024)));
  }

  @Test
  void aWindowThatIsNotGivenHoldsEnoughBlocksAndNotTooManyBytes() {
    TrainingConfig config = TrainingConfig.builder().output(o -> o.folder("a")).build();
    assertEquals(Shuffle.within(4096), config.order().shuffleOf(rows(784, 166)));
    assertEquals(Shuffle.within(24 * 1024), config.order().shuffleOf(rows(10, 1024)));
    assertEquals(Shuffle.within(111), config.order().shuffleOf(rows(150_528, 1)));
    TrainingConfig resolved = config.resolvedFor(rows(10, 1024));
    assertEquals(24 * 1024, resolved.order().window());
    assertEquals(config, resolved.toBuilder().order(o -> o.window(null)).build());
    TrainingConfig given = config.toBuilder().order(o -> o.window(7)).build();
    assertEquals(Shuffle.within(7), given.order().shuffleOf(rows(10, 1024)));
  }

  /** A dataset of 100 blocks. */
  private static DatasetManifest rows(int features, int block) {
    List<DataBlock> blocks =
        IntStream.range(0, 100).mapToObj(i -> new DataBlock(block, 10L * i, 10, 0)).toList();
    return new DatasetManifest(
        "rows",
        List.of(
            new TensorSpec(
                "x", TensorSpec.Role.FEATURES, TensorSpec.Encoding.FLOAT32, List.of(features))),
        Map.of(),
        List.of(new DataShard("x", 1000, 0, blocks)),
        Map.of());
  }

  @Test
  void jsonKeepsAnInfiniteNormAsAString() {
    TrainingConfig config =
        TrainingConfig.builder()
            .output(o -> o.folder("a"))
            .optimization(o -> o.clipNorm(Double.POSITIVE_INFINITY))
            .build();
    assertTrue(config.toJson().contains("\"clipNorm\" : \"Infinity\""), config.toJson());
    assertEquals(config, TrainingConfig.fromJson(config.toJson()));
    assertEquals(config, config.toBuilder().build());
  }

  @Test
  void jsonWithAnUnknownFieldIsRefusedByItsName() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> TrainingConfig.fromJson("{\"version\": 1, \"optimization\": {\"epoch\": 3}}"));
    assertTrue(
        refused.getMessage().contains("optimization.epoch is unknown"), refused.getMessage());
  }

  @Test
  void settingsOfAveragingHaveTheDefaultsOfTheirPapers() {
    TrainingConfig.Builder builder =
        TrainingConfig.builder()
            .output(o -> o.folder("a"))
            .mode(m -> m.virtualWorkers(8).kind(Mode.AVERAGING));
    Averaging plain = builder.mode(m -> m.averaging(Averaging.every(5))).build().mode().averaging();
    assertEquals(
        new Averaging(5, Averaging.Outer.NONE, null, null, Averaging.LocalState.AVERAGED, null),
        plain);
    Averaging nesterov = Averaging.every(5).withOuter(Averaging.Outer.NESTEROV);
    Averaging diloco = builder.mode(m -> m.averaging(nesterov)).build().mode().averaging();
    assertEquals(0.7, diloco.outerRate());
    assertEquals(0.9, diloco.outerMomentum());
    Averaging bmuf = Averaging.every(5).withOuter(Averaging.Outer.BLOCK_MOMENTUM);
    TrainingConfig config =
        builder.mode(m -> m.averaging(bmuf.withFrom(RunPoint.parse("2epochs")))).build();
    assertEquals(1, config.mode().averaging().outerRate());
    assertEquals(0.875, config.mode().averaging().outerMomentum());
    assertEquals(config, TrainingConfig.fromJson(config.toJson()));
    assertEquals(config, config.toBuilder().build());
  }

  @Test
  void onlyModesWithoutTimingAreReproducible() {
    TrainingConfig.Builder builder = TrainingConfig.builder().output(o -> o.folder("a"));
    assertTrue(builder.build().givesSameBits());
    assertTrue(builder.mode(m -> m.kind(Mode.SSP).staleness(0)).build().givesSameBits());
    assertFalse(builder.mode(m -> m.staleness(1)).build().givesSameBits());
    builder.mode(m -> m.staleness(null).kind(Mode.ASYNC));
    assertFalse(builder.build().givesSameBits());
  }

  static Stream<Arguments> invalid() {
    return Stream.of(
        Arguments.of(
            change(c -> c.mode(m -> m.averaging(Averaging.every(3)))),
            "averageEvery and other settings of averaging without mode=averaging: add --mode"
                + " averaging, or leave --average-every, --outer, --outer-rate, --outer-momentum,"
                + " --local-state and --post-local-from out"),
        Arguments.of(
            change(c -> c.mode(m -> m.kind(Mode.AVERAGING))),
            "mode=averaging without averageEvery: give the steps of a round with --average-every"),
        Arguments.of(
            change(
                c ->
                    c.mode(
                        m ->
                            m.kind(Mode.AVERAGING)
                                .averaging(Averaging.every(3).withOuterRate(0.5)))),
            "outerRate=0.5 and outerMomentum=null without an outer optimizer: name one with --outer"
                + " nesterov or --outer block-momentum, or leave them out"),
        Arguments.of(
            change(c -> c.mode(m -> m.kind(Mode.SSP))),
            "mode=ssp without staleness: give the steps that parameters may be behind with"
                + " --staleness"),
        Arguments.of(
            change(c -> c.mode(m -> m.staleness(2))),
            "staleness=2 without mode=ssp: add --mode ssp, or leave it out"),
        Arguments.of(
            change(c -> c.mode(m -> m.kind(Mode.SSP).staleness(-1))),
            "staleness=-1 < 0: give the steps that parameters may be behind"),
        Arguments.of(
            change(c -> c.mode(m -> m.kind(Mode.ASYNC)).optimization(o -> o.clipNorm(1))),
            "clipNorm=1.0 with mode=async: there is no moment at which a step's whole gradient is"
                + " known; use --clip-value, or --mode ssp"),
        Arguments.of(
            change(c -> c.mode(m -> m.kind(Mode.ASYNC).overlapDepth(1))),
            "overlapDepth=1 with mode=async: every gradient is pushed by itself already; leave"
                + " --overlap-depth out"),
        Arguments.of(
            change(c -> c.mode(m -> m.overlapDepth(3))),
            "overlapDepth=3 > 2 levels of the tree over virtualWorkers=4: lower --overlap-depth"),
        Arguments.of(
            change(
                c ->
                    c.mode(
                            m ->
                                m.kind(Mode.AVERAGING)
                                    .averaging(
                                        Averaging.every(3)
                                            .withLocalState(Averaging.LocalState.KEPT)))
                        .optimization(o -> o.onNonFinite(NonFinitePolicy.SKIP))),
            "onNonFinite=skip with localState=kept: a virtual worker would keep the state that has"
                + " the NaN; use --local-state averaged, or --on-non-finite stop"),
        Arguments.of(
            change(
                c ->
                    c.mode(m -> m.kind(Mode.ASYNC))
                        .optimization(o -> o.onNonFinite(NonFinitePolicy.lower(0.5)))),
            "onNonFinite=lower:0.5 with mode=async: only the steps of mode sync can be taken again"
                + " at another rate; use --mode sync, or --on-non-finite stop or skip"),
        Arguments.of(
            change(
                c ->
                    c.optimization(o -> o.onNonFinite(NonFinitePolicy.lower(0.5)))
                        .checkpoints(s -> s.every(CheckpointInterval.parse("10minutes")))),
            "onNonFinite=lower:0.5 with checkpointEvery=10minutes: the run goes back to a step that"
                + " must not depend on the clock; give steps or epochs with --checkpoint-every"),
        Arguments.of(
            change(c -> c.mode(m -> m.accumulate(0))),
            "accumulate=0 < 1: give a value of at least 1"),
        Arguments.of(
            change(c -> c.mode(m -> m.virtualWorkers(3)).cluster(s -> s.workers(4))),
            "virtualWorkers=3 < workers=4: lower --workers or raise --virtual-workers"),
        Arguments.of(
            change(c -> c.optimization(o -> o.epochs(0))),
            "epochs=0 < 1: give a value of at least 1"),
        Arguments.of(
            change(c -> c.data(d -> d.batchSize(0))),
            "batchSize=0 < 1: give a value of at least 1"),
        Arguments.of(
            change(c -> c.data(d -> d.validationFraction(1))),
            "validationFraction=1.0 is not in [0, 1): give a part such as 0.2"),
        Arguments.of(
            change(c -> c.optimization(o -> o.clipNorm(1).clipValue(2))),
            "clipNorm=1.0 and clipValue=2.0 exclude each other: give one"),
        Arguments.of(
            change(c -> c.optimization(o -> o.clipNorm(Double.NaN))),
            "clipNorm=NaN is not a number >= 0: give a threshold, inf to measure only, or 0"
                + " for neither"),
        Arguments.of(
            change(
                c ->
                    c.mode(m -> m.kind(Mode.ASYNC))
                        .optimization(o -> o.clipNorm(Double.POSITIVE_INFINITY))),
            "clipNorm=Infinity with mode=async: there is no moment at which a step's whole gradient"
                + " is known; leave --clip-norm out, or use --mode ssp"),
        Arguments.of(
            change(
                c ->
                    c.mode(m -> m.kind(Mode.AVERAGING).averaging(Averaging.every(3)))
                        .optimization(o -> o.clipNorm(Double.POSITIVE_INFINITY))),
            "clipNorm=Infinity with mode=averaging: every virtual worker steps on a gradient of its"
                + " own, and no norm would be reported; leave --clip-norm out, or begin with"
                + " synchronous steps with --post-local-from"),
        Arguments.of(
            change(c -> c.output(o -> o.folder(" "))),
            "out is not given: name the folder for the run's outputs with --out"),
        Arguments.of(
            change(c -> c.cluster(s -> s.startTimeout(Duration.ZERO))),
            "startTimeout=PT0S must be longer than zero: give a time such as 90s"));
  }

  private static UnaryOperator<TrainingConfig.Builder> change(
      UnaryOperator<TrainingConfig.Builder> change) {
    return change;
  }

  @ParameterizedTest
  @MethodSource("invalid")
  void invalidValuesAreRefusedWithTheRemedy(
      UnaryOperator<TrainingConfig.Builder> change, String message) {
    TrainingConfig.Builder builder =
        change.apply(TrainingConfig.builder().output(o -> o.folder("a")));
    assertEquals(
        message, assertThrows(IllegalArgumentException.class, builder::build).getMessage());
  }

  @Test
  void checkpointIntervalsAreStepsEpochsOrTimes() {
    assertEquals(100, CheckpointInterval.parse("100steps").steps(7));
    assertEquals(14, CheckpointInterval.parse("2 epochs").steps(7));
    assertEquals(0, CheckpointInterval.parse("10 minutes").steps(7));
    assertEquals(
        Duration.ofMinutes(10), CheckpointInterval.parse("10minutes").time().orElseThrow());
    assertEquals(Duration.ofSeconds(1), CheckpointInterval.parse("1 second").time().orElseThrow());
    assertTrue(CheckpointInterval.parse("1epoch").time().isEmpty());
    for (String text : List.of("100steps", "1epochs", "10minutes", "30seconds")) {
      assertEquals(text, CheckpointInterval.parse(text).toString());
    }
    assertEquals(
        "checkpointEvery=5hours is not a number of steps, epochs or minutes: write 100steps,"
            + " 1epochs or 10minutes",
        assertThrows(IllegalArgumentException.class, () -> CheckpointInterval.parse("5hours"))
            .getMessage());
    invalidValuesAreRefusedWithTheRemedy(
        c ->
            c.mode(m -> m.kind(Mode.ASYNC))
                .checkpoints(s -> s.every(CheckpointInterval.parse("5minutes"))),
        "checkpointEvery=5minutes with mode=async: workers must know beforehand after which steps"
            + " they wait for each other; give steps or epochs, such as 100steps");
    invalidValuesAreRefusedWithTheRemedy(
        c -> c.cluster(s -> s.minWorkers(3).workers(2)),
        "minWorkers=3 > 2 workers at most (workers=2, virtualWorkers=4): lower --min-workers");
  }

  @Test
  void compressionIsOneWordOrOneWordAndANumber() {
    for (String text : List.of("none", "bfloat16", "float16", "top-k=0.01", "threshold=0.001")) {
      assertEquals(text, Compression.parse(text).text());
      assertEquals(
          Compression.parse(text),
          TrainingConfig.fromJson(
                  "{\"version\": 1, \"output\": {\"folder\": \"a\"}, \"mode\":"
                      + " {\"gradientCompression\": \""
                      + text
                      + "\"}}")
              .mode()
              .gradientCompression());
    }
    assertEquals(new Compression.Threshold(1e-3), Compression.parse("Threshold=1e-3"));
    for (String text : List.of("int8", "top-k", "top-k=few", "bfloat16=1", "threshold=")) {
      assertEquals(
          "compression="
              + text
              + " is unknown: give none, bfloat16, float16, top-k=RATIO or threshold=MAGNITUDE",
          assertThrows(IllegalArgumentException.class, () -> Compression.parse(text)).getMessage());
    }
    assertEquals(
        "compression=top-k=2.0 is not in (0, 1]: give the part to send, top-k=0.01 for one element"
            + " in a hundred",
        assertThrows(IllegalArgumentException.class, () -> Compression.parse("top-k=2"))
            .getMessage());
    assertEquals(
        "compression=threshold=0.0 is not in [1.2e-38, 32767]: give the least magnitude of a mean"
            + " gradient's element to send, such as threshold=1e-3",
        assertThrows(IllegalArgumentException.class, () -> Compression.parse("threshold=0"))
            .getMessage());
  }

  @Test
  void compressionIsRefusedWhereParametersArePushed() {
    TrainingConfig.Builder builder =
        TrainingConfig.builder()
            .output(o -> o.folder("a"))
            .mode(
                m ->
                    m.kind(Mode.AVERAGING)
                        .averaging(Averaging.every(2))
                        .gradientCompression(new Compression.BFloat16()));
    assertEquals(
        "gradientCompression=bfloat16 with mode=averaging: workers push parameters there, not"
            + " gradients; leave --gradient-compression out",
        assertThrows(IllegalArgumentException.class, builder::build).getMessage());
  }
}
