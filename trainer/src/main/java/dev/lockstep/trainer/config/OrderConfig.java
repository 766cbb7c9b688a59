package dev.lockstep.trainer.config;

import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.plan.Shuffle;
import io.soabase.recordbuilder.core.RecordBuilder.Initializer;
import java.io.Serializable;
import java.util.Objects;

/**
 * In which order an epoch uses the examples.
 *
 * @param shuffle how far an epoch's order is from the order of the file
 * @param window examples inside which a span is shuffled with {@code shuffle=window}, where 0 means
 *     {@code shuffle=none}; null for what suits the dataset ({@link Shuffle#suited}), and with the
 *     other kinds, whatever was given
 * @param memory that {@code shuffle=full} may use in each worker: the less, the more often an epoch
 *     reads the data; does not change the model
 */
@ConfigSection
public record OrderConfig(
    @Initializer("DEFAULT_SHUFFLE") Shuffle.Kind shuffle,
    Integer window,
    @Initializer("DEFAULT_MEMORY") ByteSize memory)
    implements Serializable {

  public static final Shuffle.Kind DEFAULT_SHUFFLE = Shuffle.Kind.WINDOW;
  public static final ByteSize DEFAULT_MEMORY = ByteSize.mebibytes(256);

  /** Checks the ranges. */
  public OrderConfig {
    Objects.requireNonNull(shuffle, "shuffle");
    Objects.requireNonNull(memory, "memory");
    Checks.atLeast("order.window", window == null ? 0 : window, 0);
    if (shuffle == Shuffle.Kind.WINDOW && window != null && window == 0) {
      shuffle = Shuffle.Kind.NONE;
    }
    window = shuffle == Shuffle.Kind.WINDOW ? window : null;
  }

  /** In which order an epoch takes the training part of a dataset. */
  public Shuffle shuffleOf(DatasetManifest data) {
    return switch (shuffle) {
      case NONE -> Shuffle.NONE;
      case FULL -> Shuffle.FULL;
      case WINDOW ->
          window != null
              ? Shuffle.within(window)
              : Shuffle.suited(
                  data.blockSizes(),
                  Float.BYTES * data.tensors().stream().mapToLong(TensorSpec::storedValues).sum());
    };
  }
}
