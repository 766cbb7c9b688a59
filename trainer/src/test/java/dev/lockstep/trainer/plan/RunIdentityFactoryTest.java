package dev.lockstep.trainer.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.schedule.RunLength;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.augment.GaussianNoise;
import dev.lockstep.sharding.augment.RandomCrop;
import dev.lockstep.sharding.augment.RandomFlip;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.Compression;
import dev.lockstep.trainer.config.ModeConfig;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.driver.SyntheticDataset;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.network.BuiltModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The identity is a written format: checkpoints of another version of the code are compared. */
class RunIdentityFactoryTest {

  @TempDir private Path folder;

  private static TrainingConfig config(String name) {
    TrainingConfig.Builder config = TrainingConfig.builder().output(o -> o.folder("run"));
    return switch (name) {
      case "sync" -> config.build();
      case "averaging" ->
          config
              .mode(
                  m ->
                      m.kind(ModeConfig.Mode.AVERAGING)
                          .averaging(Averaging.every(4).withOuter(Averaging.Outer.NESTEROV)))
              .build();
      case "compressed" ->
          config.mode(m -> m.gradientCompression(Compression.parse("top-k=0.1"))).build();
      case "augmented" ->
          config
              .data(
                  d ->
                      d.augmentation(
                              List.of(new RandomFlip(), new RandomCrop(2), new GaussianNoise(0.1)))
                          .validationFraction(0.2))
              .order(o -> o.shuffle(Shuffle.Kind.FULL))
              .build();
      case "scheduled" ->
          config
              .optimization(
                  o ->
                      o.optimizer(
                          o.optimizer()
                              .withOptimizer("adamw")
                              .withLearningRateSchedule("linear(5steps, from=0.1) > cosine")))
              .build();
      default -> throw new IllegalArgumentException(name);
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"sync", "averaging", "compressed", "augmented", "scheduled"})
  void theIdentityOfAConfigurationIsFrozen(String name) throws IOException {
    ShardedDataset data = SyntheticDataset.classes(folder.resolve(name), List.of(4), 3, 20);
    TrainingConfig config = config(name).resolvedFor(data.manifest());
    ModelDefinition model =
        ModelDefinition.builtIn("mlp:2", data.manifest().tensors(), BuiltInOptions.DEFAULT);
    BuiltModel built = BuiltModel.of(model, config.optimization().seed());
    RunIdentity identity =
        RunIdentityFactory.of(
            config,
            data,
            model,
            PlannedUpdates.of(
                config,
                built.updatePlan(new Clipping.GlobalNorm(5)),
                built.vectorBlocks(),
                new RunLength(0, 0, 10, 2)),
            "sha256 of the parameters");
    String text =
        identity.values().entrySet().stream()
            // Hashes of other formats, which have tests of their own.
            .filter(entry -> !List.of("data", "model").contains(entry.getKey()))
            .map(entry -> entry.getKey() + "=" + entry.getValue() + "\n")
            .collect(Collectors.joining());
    try (InputStream golden = getClass().getResourceAsStream("run-identity-" + name + ".txt")) {
      assertEquals(new String(golden.readAllBytes(), StandardCharsets.UTF_8), text);
    }
  }

  @Test
  void everyOptimizerScheduleAndClippingHasWrittenNames() {
    List<String> without =
        Stream.of(OptimizerSpec.class, Schedule.class, Clipping.class)
            .flatMap(RunIdentityFactoryTest::records)
            .filter(type -> !IdentityText.hasNames(type))
            .map(Class::getName)
            .toList();
    assertEquals(List.of(), without);
    assertTrue(records(OptimizerSpec.class).count() > 20);
  }

  private static Stream<Class<?>> records(Class<?> type) {
    return type.isSealed()
        ? Stream.of(type.getPermittedSubclasses()).flatMap(RunIdentityFactoryTest::records)
        : Stream.of(type);
  }

  @Test
  void numbersHaveTheFewestDigitsThatGiveThemAgain() {
    assertEquals("0.001", IdentityText.number(1e-3));
    assertEquals("1E-8", IdentityText.number(1e-8));
    assertEquals("0.30000000000000004", IdentityText.number(0.1 + 0.2));
    assertEquals("0", IdentityText.number(-0.0));
    assertEquals("Infinity", IdentityText.number(Double.POSITIVE_INFINITY));
  }
}
