package dev.lockstep.trainer.config;

import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.trainer.config.ClusterConfig.MixedBits;
import dev.lockstep.trainer.config.ModeConfig.Mode;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * What the user asks of a training run, validated. Each section states its defaults and units
 * beside its components. Crosses from driver to executors.
 *
 * <pre>
 * TrainingConfig.builder()
 *     .data(d -> d.batchSize(64))
 *     .optimization(o -> o.epochs(10))
 *     .output(o -> o.folder("runs/a"))
 *     .build();
 * </pre>
 *
 * @param data which examples a step uses
 * @param order in which order an epoch uses them
 * @param optimization how parameters are updated, and for how long
 * @param mode how gradients become parameters
 * @param checkpoints when they are taken, and how often a failed run starts again from them
 * @param cluster which executors train
 * @param output where the results go
 */
public record TrainingConfig(
    DataConfig data,
    OrderConfig order,
    OptimizationConfig optimization,
    ModeConfig mode,
    CheckpointConfig checkpoints,
    ClusterConfig cluster,
    OutputConfig output)
    implements Serializable {

  /** Checks the relations between the sections. */
  public TrainingConfig {
    Objects.requireNonNull(data, "data");
    Objects.requireNonNull(order, "order");
    Objects.requireNonNull(output, "output");
    cluster.checkWorkers(mode.virtualWorkers());
    checkInterval(mode, checkpoints.every());
    checkClipNorm(mode, optimization.clipNorm());
    checkSkipping(mode, optimization.onNonFinite());
    checkLowering(mode, optimization.onNonFinite(), checkpoints.every());
  }

  private static void checkInterval(ModeConfig mode, CheckpointInterval interval) {
    if (interval != null && interval.time().isPresent() && !mode.givesSameBits()) {
      throw new IllegalArgumentException(
          "checkpointEvery="
              + interval
              + " with mode="
              + mode.text()
              + ": workers must know beforehand after which steps they wait for each other; give"
              + " steps or epochs, such as 100steps");
    }
  }

  private static void checkClipNorm(ModeConfig mode, double clipNorm) {
    boolean onlyMeasures = Double.isInfinite(clipNorm);
    if (mode.kind() == Mode.ASYNC && clipNorm > 0) {
      throw new IllegalArgumentException(
          "clipNorm="
              + clipNorm
              + " with mode=async: there is no moment at which a step's whole gradient is known; "
              + (onlyMeasures
                  ? "leave --clip-norm out, or use --mode ssp"
                  : "use --clip-value, or --mode ssp"));
    }
    if (onlyMeasures && mode.kind() == Mode.AVERAGING && mode.averaging().from() == null) {
      throw new IllegalArgumentException(
          "clipNorm=Infinity with mode=averaging: every virtual worker steps on a gradient of its"
              + " own, and no norm would be reported; leave --clip-norm out, or begin with"
              + " synchronous steps with --post-local-from");
    }
  }

  private static void checkSkipping(ModeConfig mode, NonFinitePolicy onNonFinite) {
    if (!onNonFinite.equals(NonFinitePolicy.SKIP)) {
      return;
    }
    if (mode.averaging() != null && mode.averaging().localState() == Averaging.LocalState.KEPT) {
      throw new IllegalArgumentException(
          "onNonFinite=skip with localState=kept: a virtual worker would keep the state that has"
              + " the NaN; use --local-state averaged, or --on-non-finite stop");
    }
    Compression compression = mode.gradientCompression();
    if (compression instanceof Compression.TopK || compression instanceof Compression.Threshold) {
      throw new IllegalArgumentException(
          "onNonFinite=skip with gradientCompression="
              + compression.text()
              + ": a step that is skipped would lose what the other virtual workers have kept back"
              + " before it; use --on-non-finite stop, or --gradient-compression bfloat16");
    }
  }

  private static void checkLowering(
      ModeConfig mode, NonFinitePolicy onNonFinite, CheckpointInterval checkpointEvery) {
    if (!onNonFinite.lowers()) {
      return;
    }
    if (mode.kind() != Mode.SYNC) {
      throw new IllegalArgumentException(
          "onNonFinite="
              + onNonFinite
              + " with mode="
              + mode.text()
              + ": only the steps of mode sync can be taken again at another rate; use --mode sync,"
              + " or --on-non-finite stop or skip");
    }
    if (checkpointEvery != null && checkpointEvery.time().isPresent()) {
      throw new IllegalArgumentException(
          "onNonFinite="
              + onNonFinite
              + " with checkpointEvery="
              + checkpointEvery
              + ": the run goes back to a step that must not depend on the clock; give steps or"
              + " epochs with --checkpoint-every");
    }
  }

  /** The same with the order that a dataset determines written out. */
  public TrainingConfig resolvedFor(DatasetManifest dataset) {
    return order.shuffle() == Shuffle.Kind.WINDOW
        ? toBuilder().order(o -> o.window(order.shuffleOf(dataset).window())).build()
        : this;
  }

  /** Whether the same configuration, data and numeric profile give the same bits. */
  public boolean givesSameBits() {
    return cluster.mixedBits() == MixedBits.REFUSE && mode.givesSameBits();
  }

  /** A builder with every default, to which at least the output's folder must be given. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this configuration. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** The JSON form, which {@link #fromJson} reads back. */
  public String toJson() {
    return ConfigJson.write(this);
  }

  /**
   * Reads a JSON object with any of the settings; the others take their defaults.
   *
   * @throws IllegalArgumentException for unknown keys and versions, wrong types and invalid values
   */
  public static TrainingConfig fromJson(String json) {
    return builder().json(json).build();
  }

  /** Collects the settings by section; checks them when it builds. Not for several threads. */
  public static final class Builder {
    private final DataConfigBuilder data;
    private final OrderConfigBuilder order;
    private final OptimizationConfigBuilder optimization;
    private final ModeConfigBuilder mode;
    private final CheckpointConfigBuilder checkpoints;
    private final ClusterConfigBuilder cluster;
    private final OutputConfigBuilder output;

    private Builder() {
      this.data = DataConfigBuilder.builder();
      this.order = OrderConfigBuilder.builder();
      this.optimization = OptimizationConfigBuilder.builder();
      this.mode = ModeConfigBuilder.builder();
      this.checkpoints = CheckpointConfigBuilder.builder();
      this.cluster = ClusterConfigBuilder.builder();
      this.output = OutputConfigBuilder.builder();
    }

    private Builder(TrainingConfig from) {
      this.data = DataConfigBuilder.builder(from.data);
      this.order = OrderConfigBuilder.builder(from.order);
      this.optimization = OptimizationConfigBuilder.builder(from.optimization);
      this.mode = ModeConfigBuilder.builder(from.mode);
      this.checkpoints = CheckpointConfigBuilder.builder(from.checkpoints);
      this.cluster = ClusterConfigBuilder.builder(from.cluster);
      this.output = OutputConfigBuilder.builder(from.output);
    }

    /** Changes {@link TrainingConfig#data()}. */
    public Builder data(Consumer<DataConfigBuilder> change) {
      change.accept(data);
      return this;
    }

    /** Changes {@link TrainingConfig#order()}. */
    public Builder order(Consumer<OrderConfigBuilder> change) {
      change.accept(order);
      return this;
    }

    /** Changes {@link TrainingConfig#optimization()}. */
    public Builder optimization(Consumer<OptimizationConfigBuilder> change) {
      change.accept(optimization);
      return this;
    }

    /** Changes {@link TrainingConfig#mode()}. */
    public Builder mode(Consumer<ModeConfigBuilder> change) {
      change.accept(mode);
      return this;
    }

    /** Changes {@link TrainingConfig#checkpoints()}. */
    public Builder checkpoints(Consumer<CheckpointConfigBuilder> change) {
      change.accept(checkpoints);
      return this;
    }

    /** Changes {@link TrainingConfig#cluster()}. */
    public Builder cluster(Consumer<ClusterConfigBuilder> change) {
      change.accept(cluster);
      return this;
    }

    /** Changes {@link TrainingConfig#output()}. */
    public Builder output(Consumer<OutputConfigBuilder> change) {
      change.accept(output);
      return this;
    }

    /**
     * Sets what a JSON object names.
     *
     * @throws IllegalArgumentException for unknown keys and versions, and wrong types
     */
    public Builder json(String text) {
      Map<String, Object> sections = new LinkedHashMap<>();
      sections.put("data", data);
      sections.put("order", order);
      sections.put("optimization", optimization);
      sections.put("mode", mode);
      sections.put("checkpoints", checkpoints);
      sections.put("cluster", cluster);
      sections.put("output", output);
      ConfigJson.read(text, sections);
      return this;
    }

    /**
     * The validated configuration.
     *
     * @throws IllegalArgumentException naming the setting, its value, the relation and the remedy
     */
    public TrainingConfig build() {
      return new TrainingConfig(
          data.build(),
          order.build(),
          optimization.build(),
          mode.build(),
          checkpoints.build(),
          cluster.build(),
          output.build());
    }
  }
}
