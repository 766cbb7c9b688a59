package dev.lockstep.trainer.plan;

import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.augment.Augmentation;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.trainer.config.Averaging;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.numeric.Versions;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Makes the identity of a run from its data, configuration and model. The number of epochs, of
 * workers and of checkpoints is not part of it. Names and texts are a format of their own: they do
 * not follow the names of Java classes and components. Lives on the driver.
 */
public final class RunIdentityFactory {

  /** Version of the names and texts below. */
  static final String FORMAT = "1";

  private RunIdentityFactory() {}

  /**
   * Of a run.
   *
   * @param updates of the model, resolved: schedules over the length of a run have it in them
   * @param initial what the run begins with, in a few words
   */
  public static RunIdentity of(
      TrainingConfig config,
      ShardedDataset dataset,
      ModelDefinition model,
      UpdatePlan updates,
      String initial) {
    SortedMap<String, String> values = new TreeMap<>();
    values.put("identityFormat", FORMAT);
    values.put(RunIdentity.DATA, dataset.manifest().fingerprint());
    values.put("seed", Long.toString(config.optimization().seed()));
    values.put("virtualWorkers", Integer.toString(config.mode().virtualWorkers()));
    values.put("batchSize", Integer.toString(config.data().batchSize()));
    values.put("accumulate", Integer.toString(config.mode().accumulate()));
    values.put("mode", lowerCase(config.mode().kind()));
    if (config.mode().averaging() != null) {
      values.put("averaging", text(config.mode().averaging()));
    }
    if (config.mode().staleness() != null) {
      values.put("staleness", config.mode().staleness().toString());
    }
    values.put("compression", config.mode().gradientCompression().text());
    Shuffle order = config.order().shuffleOf(dataset.manifest());
    values.put("shuffle", text(order));
    values.put(
        "augmentation",
        String.join(
            ",", config.data().augmentation().stream().map(RunIdentityFactory::text).toList()));
    values.put("validationFraction", IdentityText.number(config.data().validationFraction()));
    values.put("clipping", IdentityText.of(updates.clipping()));
    values.put("numericProfile", config.cluster().numericProfile());
    values.put("kernels", lowerCase(config.cluster().kernels()));
    if (config.optimization().onNonFinite().lowers()) {
      // To which step it goes back.
      values.put(RunIdentity.OF_LOWERED_RATES.get(0), String.valueOf(config.checkpoints().every()));
      values.put(
          RunIdentity.OF_LOWERED_RATES.get(1),
          Boolean.toString(
              config.checkpoints().keepBest() != null
                  || config.optimization().earlyStopping() != null));
    }
    if (config.optimization().optimizer().plateau() != null) {
      values.put(
          "plateau", IdentityText.of(Plateau.parse(config.optimization().optimizer().plateau())));
    }
    values.put("deeplearning4j", Versions.ofThisBuild().deeplearning4j());
    values.put("model", "configuration " + model.sha256());
    List<Block> blocks = updates.layout().blocks();
    values.put(RunIdentity.PARAMETERS, Integer.toString(updates.layout().parameters()));
    for (int b = 0; b < blocks.size(); b++) {
      values.put("updates of " + blocks.get(b).name(), IdentityText.of(updates.rules().get(b)));
    }
    values.put(RunIdentity.INITIAL, initial);
    return new RunIdentity(values);
  }

  private static String text(Averaging averaging) {
    return "every=%d outer=%s outerRate=%s outerMomentum=%s localState=%s from=%s"
        .formatted(
            averaging.every(),
            lowerCase(averaging.outer()),
            numberOrNone(averaging.outerRate()),
            numberOrNone(averaging.outerMomentum()),
            lowerCase(averaging.localState()),
            averaging.from() == null ? "none" : averaging.from().toString());
  }

  private static String text(Shuffle order) {
    String kind = lowerCase(order.kind());
    return order.kind() == Shuffle.Kind.WINDOW ? kind + ":" + order.window() : kind;
  }

  private static String numberOrNone(Double value) {
    return value == null ? "none" : IdentityText.number(value);
  }

  private static String lowerCase(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  /** Of a caller's own that has no text, its class. */
  private static String text(Augmentation one) {
    String name = one.getClass().getName();
    return one.toString().startsWith(name + "@") ? name : one.toString();
  }
}
