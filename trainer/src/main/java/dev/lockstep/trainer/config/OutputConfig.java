package dev.lockstep.trainer.config;

import dev.lockstep.sharding.AddressSecrets;
import io.soabase.recordbuilder.core.RecordBuilder.Initializer;
import java.io.Serializable;
import java.util.Objects;

/**
 * Where a run's outputs go.
 *
 * @param folder of the run's outputs, any Hadoop URI that driver and executors share; without a
 *     default
 * @param existing what to do when {@code folder} holds a run already
 */
@ConfigSection
public record OutputConfig(String folder, @Initializer("DEFAULT_EXISTING") ExistingOutput existing)
    implements Serializable {

  public static final ExistingOutput DEFAULT_EXISTING = ExistingOutput.CONTINUE;

  /** What to do when the output folder holds a run already. */
  public enum ExistingOutput {
    /**
     * Resume it from its newest checkpoint; refused where data or configuration differ in what
     * determined the steps taken.
     */
    CONTINUE,
    /** The same, but where they differ a new run starts from the parameters of that checkpoint. */
    WARM_START,
    /** Delete the old run's files and start anew. */
    REPLACE
  }

  /** Checks the folder. */
  public OutputConfig {
    Objects.requireNonNull(existing, "existing");
    if (folder == null || folder.isBlank()) {
      throw new IllegalArgumentException(
          "out is not given: name the folder for the run's outputs with --out");
    }
    AddressSecrets.requireNone("out", folder);
  }
}
