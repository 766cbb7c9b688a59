package dev.lockstep.trainer.plan;

import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.augment.Augmentation;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.trainer.config.NonFinitePolicy;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.numeric.Versions;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What determines the steps of a run, of data, configuration and model: not the number of epochs,
 * of workers or of checkpoints, and not what becomes of gradients that are not finite. Lives on the
 * driver.
 */
public final class RunIdentityBuilder {

  /** Name of the parameters that the run begins with. */
  public static final String INITIAL = "initialParameters";

  /** Name of their number. */
  public static final String PARAMETERS = "parameters";

  /** Names of what determines to which step a lowered rate goes back. */
  private static final List<String> OF_GOING_BACK =
      List.of("checkpointEvery", "checkpointsAtEpochEnds");

  private RunIdentityBuilder() {}

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
    values.put("data", dataset.shardSet().fingerprint());
    values.put("seed", Long.toString(config.optimization().seed()));
    values.put("virtualWorkers", Integer.toString(config.mode().virtualWorkers()));
    values.put("batchSize", Integer.toString(config.data().batchSize()));
    values.put("accumulate", Integer.toString(config.mode().accumulate()));
    values.put("mode", config.mode().kind().name().toLowerCase(Locale.ROOT));
    if (config.mode().averaging() != null) {
      values.put("averaging", config.mode().averaging().toString());
    }
    if (config.mode().staleness() != null) {
      values.put("staleness", config.mode().staleness().toString());
    }
    values.put("compression", config.mode().gradientCompression().text());
    Shuffle order = config.order().shuffleOf(dataset.shardSet());
    values.put("shuffle", order.toString());
    values.put(
        "augmentation",
        String.join(
            ",", config.data().augmentation().stream().map(RunIdentityBuilder::text).toList()));
    values.put("validationFraction", Double.toString(config.data().validationFraction()));
    values.put("clipping", updates.clipping().toString());
    values.put("numericProfile", config.cluster().numericProfile());
    values.put("kernels", config.cluster().kernels().name().toLowerCase(Locale.ROOT));
    if (config.optimization().onNonFinite().answer() == NonFinitePolicy.Answer.LOWER) {
      // To which step it goes back.
      values.put(OF_GOING_BACK.get(0), String.valueOf(config.checkpoints().every()));
      values.put(
          OF_GOING_BACK.get(1),
          Boolean.toString(
              config.checkpoints().keepBest() != null
                  || config.optimization().earlyStopping() != null));
    }
    if (config.optimization().optimizer().plateau() != null) {
      values.put("plateau", config.optimization().optimizer().plateau());
    }
    values.put("deeplearning4j", Versions.ofThisBuild().deeplearning4j());
    values.put("model", "configuration " + model.sha256());
    List<Block> blocks = updates.layout().blocks();
    values.put(PARAMETERS, Integer.toString(updates.layout().parameters()));
    for (int b = 0; b < blocks.size(); b++) {
      values.put("updates of " + blocks.get(b).name(), updates.rules().get(b).toString());
    }
    values.put(INITIAL, initial);
    return new RunIdentity(values);
  }

  /**
   * What is not as it was in a run that is to go on, one line each. To begin to lower rates, or to
   * lower them no more, is no difference.
   */
  public static List<String> differences(RunIdentity now, RunIdentity ofRun) {
    SortedMap<String, String> here = new TreeMap<>(now.values());
    SortedMap<String, String> there = new TreeMap<>(ofRun.values());
    for (String name : OF_GOING_BACK) {
      if (!here.containsKey(name) || !there.containsKey(name)) {
        here.remove(name);
        there.remove(name);
      }
    }
    return new RunIdentity(here).differences(new RunIdentity(there));
  }

  /** Of a caller's own that has no text, its class. */
  private static String text(Augmentation one) {
    String name = one.getClass().getName();
    return one.toString().startsWith(name + "@") ? name : one.toString();
  }
}
