package dev.lockstep.trainer.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.lockstep.ps.schedule.EarlyStopping;
import dev.lockstep.ps.schedule.Plateau;
import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.augment.Augmentation;
import dev.lockstep.sharding.plan.Shuffle;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * What the user asks of a training run, validated. Crosses from driver to executors; {@link
 * #builder()} states every default once.
 *
 * @param epochs passes over the training part, at least 1
 * @param batchSize examples of one micro-batch, b
 * @param virtualWorkers logical replicas, V; part of what determines the model
 * @param workers barrier tasks, W ≤ V; 0 takes as many as the cluster has slots, up to V. Does not
 *     change the model
 * @param seed of the initial parameters (for configurations), of the data order, of dropout and of
 *     the validation split
 * @param mode how gradients become parameters
 * @param accumulate micro-batches that a virtual worker sums for one step, a
 * @param averaging settings of mode {@code averaging}, null in others
 * @param optimizer what takes the place of, or is laid over, the model's own updaters
 * @param compression of gradients on their way to the servers
 * @param staleness steps that the parameters may be behind in mode {@code ssp}, null in others
 * @param pushSplit levels of the tree, below the fewest subtrees that a worker can sum by itself,
 *     at which sums are pushed, so that pushing overlaps with computing; does not change the model
 * @param onNonFinite what becomes of a step whose gradient has a NaN or an infinity
 * @param shuffle how far from the order of the file an epoch goes
 * @param shuffleWindow examples inside which a span is shuffled with {@code shuffle=WINDOW}, where
 *     0 means {@code NONE}; null for what suits the dataset ({@link Shuffle#suited}), and with the
 *     others, whatever was given
 * @param shuffleMegabytes that {@code shuffle=FULL} may hold gathered in each worker: the fewer,
 *     the more often an epoch reads the data; does not change the model
 * @param augmentation random changes of every training example, in this order; part of what
 *     determines the model. In JSON the forms that {@link Augmentation#parse} reads
 * @param validationFraction part of the examples kept for validation, in [0, 1); 0 with a dataset
 *     that stores its own split
 * @param clipNorm global norm of the mean gradient above which the gradient is scaled down;
 *     infinite to have the norm of every step measured and reported and nothing scaled; 0 for
 *     neither
 * @param clipValue absolute value to which every gradient element is cut; 0 for none
 * @param checkpointEvery interval of checkpoints, or null for one at the end only
 * @param keepCheckpoints how many of the newest complete checkpoints are kept, at least 1
 * @param keepBest by which validation metric the best checkpoint is kept besides, taken at the end
 *     of every epoch; null for none
 * @param earlyStopping when the run ends before its last epoch, decided after the validation of
 *     every epoch, or null for never. In JSON the form that {@link EarlyStopping#parse} reads
 * @param maxAttempts launches in a row that bring no new checkpoint after which the run is given up
 * @param minWorkers fewest workers to go on with after a failure, or to begin with where {@code
 *     workers} is 0; does not change the model
 * @param numericProfile name of the numeric profile
 * @param mixedBits what to do with executors whose arithmetic differs
 * @param kernels which convolution kernels the replicas use
 * @param launchTimeout longest wait for slots and for the start of all workers
 * @param peerTimeout longest silence of a peer before the attempt is given up
 * @param out folder of the run's outputs, any Hadoop URI that driver and executors share
 * @param existingOutput what to do when {@code out} holds a run already
 */
public record TrainingConfig(
    int epochs,
    int batchSize,
    int virtualWorkers,
    int workers,
    long seed,
    Mode mode,
    int accumulate,
    Averaging averaging,
    OptimizerSettings optimizer,
    Compression compression,
    Integer staleness,
    int pushSplit,
    NonFinitePolicy onNonFinite,
    Shuffle.Kind shuffle,
    Integer shuffleWindow,
    int shuffleMegabytes,
    @JsonSerialize(contentUsing = ToStringSerializer.class) List<Augmentation> augmentation,
    double validationFraction,
    double clipNorm,
    double clipValue,
    CheckpointInterval checkpointEvery,
    int keepCheckpoints,
    Plateau.Metric keepBest,
    @JsonSerialize(using = ToStringSerializer.class) EarlyStopping earlyStopping,
    int maxAttempts,
    int minWorkers,
    String numericProfile,
    MixedBits mixedBits,
    Kernels kernels,
    Duration launchTimeout,
    Duration peerTimeout,
    String out,
    ExistingOutput existingOutput)
    implements Serializable {

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  /** How gradients become parameters. */
  public enum Mode {
    /** One optimizer step for each global batch. */
    SYNC,
    /** Local steps of every virtual worker, then an average of their parameters. */
    AVERAGING,
    /** Synchronous steps of gradients on parameters that are a bounded number of steps old. */
    SSP,
    /** Every gradient is a step of its own when it arrives. */
    ASYNC
  }

  /** What to do with executors whose arithmetic differs. */
  public enum MixedBits {
    /** Refuse to train. */
    REFUSE,
    /** Train, and mark the run as not reproducible. */
    ALLOW
  }

  /** Which convolution kernels the replicas use. */
  public enum Kernels {
    /** oneDNN where the natives have it. */
    ONEDNN,
    /** DL4J's built-in ones. */
    BUILTIN
  }

  /** What to do when the output folder holds a run already. */
  public enum ExistingOutput {
    /**
     * Go on with it from its newest checkpoint; refused where data or configuration differ in what
     * determined the steps taken.
     */
    CONTINUE,
    /** The same, but where they differ a new run begins with the parameters of that checkpoint. */
    WARM_START,
    /** Delete the old run's files and start anew. */
    REPLACE
  }

  /** Checks every field and the relations between them. */
  public TrainingConfig {
    Objects.requireNonNull(mode, "mode");
    Objects.requireNonNull(optimizer, "optimizer");
    Objects.requireNonNull(compression, "compression");
    Objects.requireNonNull(mixedBits, "mixedBits");
    Objects.requireNonNull(kernels, "kernels");
    Objects.requireNonNull(existingOutput, "existingOutput");
    atLeast("epochs", epochs, 1);
    atLeast("batchSize", batchSize, 1);
    atLeast("virtualWorkers", virtualWorkers, 1);
    atLeast("workers", workers, 0);
    atLeast("accumulate", accumulate, 1);
    Objects.requireNonNull(shuffle, "shuffle");
    atLeast("shuffleWindow", shuffleWindow == null ? 0 : shuffleWindow, 0);
    atLeast("shuffleMegabytes", shuffleMegabytes, 1);
    augmentation = List.copyOf(augmentation);
    if (shuffle == Shuffle.Kind.WINDOW && shuffleWindow != null && shuffleWindow == 0) {
      shuffle = Shuffle.Kind.NONE;
    }
    shuffleWindow = shuffle == Shuffle.Kind.WINDOW ? shuffleWindow : null;
    atLeast("keepCheckpoints", keepCheckpoints, 1);
    atLeast("maxAttempts", maxAttempts, 1);
    atLeast("minWorkers", minWorkers, 1);
    checkMinWorkers(minWorkers, workers, virtualWorkers);
    if (virtualWorkers < workers) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "virtualWorkers=%d < workers=%d: lower --workers or raise --virtual-workers",
              virtualWorkers,
              workers));
    }
    Objects.requireNonNull(onNonFinite, "onNonFinite");
    if (mode == Mode.AVERAGING) {
      averaging = (averaging == null ? Averaging.UNSET : averaging).resolved(virtualWorkers);
    } else if (averaging != null) {
      throw new IllegalArgumentException(
          "averageEvery and other settings of averaging without mode=averaging: add --mode"
              + " averaging, or leave --average-every, --outer, --outer-rate, --outer-momentum,"
              + " --local-state and --post-local-from out");
    }
    checkStaleness(mode, staleness);
    checkInterval(mode, staleness, checkpointEvery);
    checkPushSplit(mode, pushSplit, virtualWorkers);
    checkClipNorm(mode, averaging, clipNorm);
    if (onNonFinite.equals(NonFinitePolicy.SKIP)
        && averaging != null
        && averaging.localState() == Averaging.LocalState.KEPT) {
      throw new IllegalArgumentException(
          "onNonFinite=skip with localState=kept: a virtual worker would keep the state that has"
              + " the NaN; use --local-state averaged, or --on-non-finite stop");
    }
    if (onNonFinite.equals(NonFinitePolicy.SKIP)
        && (compression instanceof Compression.TopK
            || compression instanceof Compression.Threshold)) {
      throw new IllegalArgumentException(
          "onNonFinite=skip with compression="
              + compression.text()
              + ": a step that is skipped would lose what the other virtual workers have kept back"
              + " before it; use --on-non-finite stop, or --compress bfloat16");
    }
    checkLowering(mode, onNonFinite, checkpointEvery);
    if (mode == Mode.AVERAGING && !compression.equals(Compression.NONE)) {
      throw new IllegalArgumentException(
          "compression="
              + compression.text()
              + " with mode=averaging: what is pushed there are parameters, not gradients; leave"
              + " --compress out");
    }
    if (!(validationFraction >= 0 && validationFraction < 1)) {
      throw new IllegalArgumentException(
          "validationFraction="
              + validationFraction
              + " is not in [0, 1): give a part such as 0.2");
    }
    notNegative("clipValue", clipValue);
    if (clipNorm > 0 && clipValue > 0) {
      throw new IllegalArgumentException(
          "clipNorm=" + clipNorm + " and clipValue=" + clipValue + " exclude each other: give one");
    }
    positive("launchTimeout", launchTimeout);
    positive("peerTimeout", peerTimeout);
    if (numericProfile == null || numericProfile.isBlank()) {
      throw new IllegalArgumentException(
          "numericProfile is blank: give avx2, avx512, generic or native");
    }
    if (out == null || out.isBlank()) {
      throw new IllegalArgumentException(
          "out is not given: name the folder for the run's outputs with --out");
    }
    AddressSecrets.requireNone("out", out);
  }

  private static void checkMinWorkers(int minWorkers, int workers, int virtualWorkers) {
    int most = workers == 0 ? virtualWorkers : Math.min(workers, virtualWorkers);
    if (minWorkers > most) {
      throw new IllegalArgumentException(
          "minWorkers="
              + minWorkers
              + " > "
              + most
              + " workers at most (workers="
              + workers
              + ", virtualWorkers="
              + virtualWorkers
              + "): lower --min-workers");
    }
  }

  private static void checkClipNorm(Mode mode, Averaging averaging, double clipNorm) {
    if (!(clipNorm >= 0)) {
      throw new IllegalArgumentException(
          "clipNorm="
              + clipNorm
              + " is not a number >= 0: give a threshold, Infinity to measure the norm alone, or 0"
              + " for neither");
    }
    boolean onlyMeasures = Double.isInfinite(clipNorm);
    if (mode == Mode.ASYNC && clipNorm > 0) {
      throw new IllegalArgumentException(
          "clipNorm="
              + clipNorm
              + " with mode=async: there is no moment at which a step's whole gradient is known; "
              + (onlyMeasures
                  ? "leave --clip-norm out, or use --mode ssp"
                  : "use --clip-value, or --mode ssp"));
    }
    if (onlyMeasures && mode == Mode.AVERAGING && averaging.from() == null) {
      throw new IllegalArgumentException(
          "clipNorm=Infinity with mode=averaging: every virtual worker steps on a gradient of its"
              + " own, and no norm would be reported; leave --clip-norm out, or begin with"
              + " synchronous steps with --post-local-from");
    }
  }

  private static void checkLowering(
      Mode mode, NonFinitePolicy onNonFinite, CheckpointInterval checkpointEvery) {
    if (onNonFinite.answer() != NonFinitePolicy.Answer.LOWER) {
      return;
    }
    if (mode != Mode.SYNC) {
      throw new IllegalArgumentException(
          "onNonFinite="
              + onNonFinite
              + " with mode="
              + mode.name().toLowerCase(Locale.ROOT)
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

  private static void checkStaleness(Mode mode, Integer staleness) {
    if (mode == Mode.SSP && staleness == null) {
      throw new IllegalArgumentException(
          "mode=ssp without staleness: give the steps that parameters may be behind with"
              + " --staleness");
    }
    if (mode != Mode.SSP && staleness != null) {
      throw new IllegalArgumentException(
          "staleness=" + staleness + " without mode=ssp: add --mode ssp, or leave it out");
    }
    if (staleness != null && staleness < 0) {
      throw new IllegalArgumentException(
          "staleness=" + staleness + " < 0: give the steps that parameters may be behind");
    }
  }

  private static void checkInterval(Mode mode, Integer staleness, CheckpointInterval interval) {
    boolean meetsEveryStep = mode != Mode.ASYNC && (staleness == null || staleness == 0);
    if (interval != null && interval.time().isPresent() && !meetsEveryStep) {
      throw new IllegalArgumentException(
          "checkpointEvery="
              + interval
              + " with mode="
              + mode.name().toLowerCase(Locale.ROOT)
              + ": workers must know beforehand after which steps they wait for each other; give"
              + " steps or epochs, such as 100steps");
    }
  }

  private static void checkPushSplit(Mode mode, int pushSplit, int virtualWorkers) {
    atLeast("pushSplit", pushSplit, 0);
    if (pushSplit > 0 && mode == Mode.ASYNC) {
      throw new IllegalArgumentException(
          "pushSplit="
              + pushSplit
              + " with mode=async: every gradient is pushed by itself already; leave --push-split"
              + " out");
    }
    int levels = 32 - Integer.numberOfLeadingZeros(virtualWorkers - 1);
    if (pushSplit > levels) {
      throw new IllegalArgumentException(
          "pushSplit="
              + pushSplit
              + " > "
              + levels
              + " levels of the tree over virtualWorkers="
              + virtualWorkers
              + ": lower --push-split");
    }
  }

  private static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          name + "=" + value + " < " + least + ": give a value of at least " + least);
    }
  }

  private static void notNegative(String name, double value) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          name + "=" + value + " is not a finite number >= 0: give a threshold, or 0 for none");
    }
  }

  private static void positive(String name, Duration value) {
    if (value == null || value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(name + "=" + value + " must be longer than zero");
    }
  }

  /** In which order an epoch takes the training part of a dataset. */
  public Shuffle order(DatasetManifest data) {
    return switch (shuffle) {
      case NONE -> Shuffle.NONE;
      case FULL -> Shuffle.FULL;
      case WINDOW ->
          shuffleWindow != null
              ? Shuffle.within(shuffleWindow)
              : Shuffle.suited(
                  data.blockSizes(),
                  Float.BYTES * data.tensors().stream().mapToLong(TensorSpec::storedValues).sum());
    };
  }

  /** The same with the order that a dataset determines written out. */
  public TrainingConfig resolvedFor(DatasetManifest data) {
    return shuffle == Shuffle.Kind.WINDOW
        ? toBuilder().shuffleWindow(order(data).window()).build()
        : this;
  }

  /** Whether the same configuration, data and numeric profile give the same bits. */
  public boolean givesSameBits() {
    boolean isTimed = mode == Mode.ASYNC || (mode == Mode.SSP && staleness > 0);
    return mixedBits == MixedBits.REFUSE && !isTimed;
  }

  /** A builder with every default, to which at least {@code out} must be given. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this configuration. */
  public Builder toBuilder() {
    return new Builder()
        .epochs(epochs)
        .batchSize(batchSize)
        .virtualWorkers(virtualWorkers)
        .workers(workers)
        .seed(seed)
        .mode(mode)
        .accumulate(accumulate)
        .averaging(averaging)
        .optimizer(optimizer)
        .compression(compression)
        .staleness(staleness)
        .pushSplit(pushSplit)
        .onNonFinite(onNonFinite)
        .shuffle(shuffle)
        .shuffleWindow(shuffleWindow)
        .shuffleMegabytes(shuffleMegabytes)
        .augmentation(augmentation)
        .validationFraction(validationFraction)
        .clipNorm(clipNorm)
        .clipValue(clipValue)
        .checkpointEvery(checkpointEvery)
        .keepCheckpoints(keepCheckpoints)
        .keepBest(keepBest)
        .earlyStopping(earlyStopping)
        .maxAttempts(maxAttempts)
        .minWorkers(minWorkers)
        .numericProfile(numericProfile)
        .mixedBits(mixedBits)
        .kernels(kernels)
        .launchTimeout(launchTimeout)
        .peerTimeout(peerTimeout)
        .out(out)
        .existingOutput(existingOutput);
  }

  /** The JSON form, which {@link #fromJson} reads back. */
  public String toJson() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a training configuration cannot be written as JSON", e);
    }
  }

  /**
   * Reads a JSON object with any of the fields; the others take their defaults.
   *
   * @throws IllegalArgumentException for unknown fields, wrong types and invalid values
   */
  public static TrainingConfig fromJson(String json) {
    return builderFromJson(json).build();
  }

  /**
   * A builder with the fields of a JSON object; the others have their defaults.
   *
   * @throws IllegalArgumentException for unknown fields and wrong types
   */
  public static Builder builderFromJson(String json) {
    try {
      return JSON.readValue(json, Builder.class);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "configuration is not valid: " + e.getOriginalMessage(), e);
    }
  }

  /** Collects the fields; every default stands here and nowhere else. */
  public static final class Builder {
    private static final String DEFAULT_PROFILE = "avx2";

    private int epochs = 1;
    private int batchSize = 32;
    private int virtualWorkers = 4;
    private int workers = 0;
    private long seed = 42;
    private Mode mode = Mode.SYNC;
    private int accumulate = 1;
    private Averaging averaging = null;
    private OptimizerSettings optimizer = OptimizerSettings.OF_MODEL;
    private Compression compression = Compression.NONE;
    private Integer staleness = null;
    private int pushSplit = 0;
    private NonFinitePolicy onNonFinite = NonFinitePolicy.STOP;
    private Shuffle.Kind shuffle = Shuffle.Kind.WINDOW;
    private Integer shuffleWindow = null;
    private int shuffleMegabytes = 256;
    private List<Augmentation> augmentation = List.of();
    private double validationFraction = 0;
    private double clipNorm = 0;
    private double clipValue = 0;
    private CheckpointInterval checkpointEvery = null;
    private int keepCheckpoints = 2;
    private Plateau.Metric keepBest = null;
    private EarlyStopping earlyStopping = null;
    private int maxAttempts = 4;
    private int minWorkers = 1;
    private String numericProfile = null;
    private MixedBits mixedBits = MixedBits.REFUSE;
    private Kernels kernels = Kernels.ONEDNN;
    private Duration launchTimeout = Duration.ofMinutes(5);
    private Duration peerTimeout = Duration.ofSeconds(10);
    private String out = null;
    private ExistingOutput existingOutput = ExistingOutput.CONTINUE;

    private Builder() {}

    /** Sets {@link TrainingConfig#epochs()}. */
    @JsonProperty
    public Builder epochs(int value) {
      this.epochs = value;
      return this;
    }

    /** Sets {@link TrainingConfig#batchSize()}. */
    @JsonProperty
    public Builder batchSize(int value) {
      this.batchSize = value;
      return this;
    }

    /** Sets {@link TrainingConfig#virtualWorkers()}. */
    @JsonProperty
    public Builder virtualWorkers(int value) {
      this.virtualWorkers = value;
      return this;
    }

    /** Sets {@link TrainingConfig#workers()}. */
    @JsonProperty
    public Builder workers(int value) {
      this.workers = value;
      return this;
    }

    /** Sets {@link TrainingConfig#seed()}. */
    @JsonProperty
    public Builder seed(long value) {
      this.seed = value;
      return this;
    }

    /** Sets {@link TrainingConfig#mode()}. */
    @JsonProperty
    public Builder mode(Mode value) {
      this.mode = value;
      return this;
    }

    /** Sets {@link TrainingConfig#accumulate()}. */
    @JsonProperty
    public Builder accumulate(int value) {
      this.accumulate = value;
      return this;
    }

    /** Sets {@link TrainingConfig#averaging()}. */
    @JsonProperty
    public Builder averaging(Averaging value) {
      this.averaging = value;
      return this;
    }

    /** Changes {@link TrainingConfig#averaging()}, or {@link Averaging#UNSET} where it is null. */
    public Builder averaging(UnaryOperator<Averaging> change) {
      Averaging changed = change.apply(averaging == null ? Averaging.UNSET : averaging);
      this.averaging = changed.equals(Averaging.UNSET) ? null : changed;
      return this;
    }

    /** Sets {@link TrainingConfig#optimizer()}. */
    @JsonProperty
    public Builder optimizer(OptimizerSettings value) {
      this.optimizer = value;
      return this;
    }

    /** Changes {@link TrainingConfig#optimizer()}. */
    public Builder optimizer(UnaryOperator<OptimizerSettings> change) {
      return optimizer(change.apply(optimizer));
    }

    /** Sets {@link TrainingConfig#compression()}. */
    @JsonProperty
    public Builder compression(Compression value) {
      this.compression = value;
      return this;
    }

    /** Sets {@link TrainingConfig#staleness()}. */
    @JsonProperty
    public Builder staleness(Integer value) {
      this.staleness = value;
      return this;
    }

    /** Sets {@link TrainingConfig#pushSplit()}. */
    @JsonProperty
    public Builder pushSplit(int value) {
      this.pushSplit = value;
      return this;
    }

    /** Sets {@link TrainingConfig#onNonFinite()}. */
    @JsonProperty
    public Builder onNonFinite(NonFinitePolicy value) {
      this.onNonFinite = value;
      return this;
    }

    /** Sets {@link TrainingConfig#shuffle()}. */
    @JsonProperty
    public Builder shuffle(Shuffle.Kind value) {
      this.shuffle = value;
      return this;
    }

    /** Sets {@link TrainingConfig#shuffleMegabytes()}. */
    @JsonProperty
    public Builder shuffleMegabytes(int value) {
      this.shuffleMegabytes = value;
      return this;
    }

    /** Sets {@link TrainingConfig#augmentation()}; also to implementations of the caller's own. */
    public Builder augmentation(List<Augmentation> value) {
      this.augmentation = value;
      return this;
    }

    /**
     * Sets {@link TrainingConfig#augmentation()} to what texts say.
     *
     * @throws IllegalArgumentException for a text that {@link Augmentation#parse} does not read
     */
    @JsonProperty("augmentation")
    public Builder augmentationTexts(List<String> texts) {
      return augmentation(texts.stream().map(Augmentation::parse).toList());
    }

    /** Sets {@link TrainingConfig#shuffleWindow()}. */
    @JsonProperty
    public Builder shuffleWindow(Integer value) {
      this.shuffleWindow = value;
      return this;
    }

    /** Sets {@link TrainingConfig#validationFraction()}. */
    @JsonProperty
    public Builder validationFraction(double value) {
      this.validationFraction = value;
      return this;
    }

    /** Sets {@link TrainingConfig#clipNorm()}. */
    @JsonProperty
    public Builder clipNorm(double value) {
      this.clipNorm = value;
      return this;
    }

    /** Sets {@link TrainingConfig#clipValue()}. */
    @JsonProperty
    public Builder clipValue(double value) {
      this.clipValue = value;
      return this;
    }

    /** Sets {@link TrainingConfig#checkpointEvery()}. */
    @JsonProperty
    public Builder checkpointEvery(CheckpointInterval value) {
      this.checkpointEvery = value;
      return this;
    }

    /** Sets {@link TrainingConfig#keepCheckpoints()}. */
    @JsonProperty
    public Builder keepCheckpoints(int value) {
      this.keepCheckpoints = value;
      return this;
    }

    /** Sets {@link TrainingConfig#earlyStopping()}; null for none. */
    public Builder earlyStopping(EarlyStopping value) {
      this.earlyStopping = value;
      return this;
    }

    /**
     * Sets {@link TrainingConfig#earlyStopping()} to what a text says.
     *
     * @throws IllegalArgumentException for a text that {@link EarlyStopping#parse} does not read
     */
    @JsonProperty("earlyStopping")
    public Builder earlyStoppingText(String text) {
      return earlyStopping(text == null ? null : EarlyStopping.parse(text));
    }

    /** Sets {@link TrainingConfig#keepBest()}. */
    @JsonProperty
    public Builder keepBest(Plateau.Metric value) {
      this.keepBest = value;
      return this;
    }

    /** Sets {@link TrainingConfig#maxAttempts()}. */
    @JsonProperty
    public Builder maxAttempts(int value) {
      this.maxAttempts = value;
      return this;
    }

    /** Sets {@link TrainingConfig#minWorkers()}. */
    @JsonProperty
    public Builder minWorkers(int value) {
      this.minWorkers = value;
      return this;
    }

    /** Sets {@link TrainingConfig#numericProfile()}. */
    @JsonProperty
    public Builder numericProfile(String value) {
      this.numericProfile = value;
      return this;
    }

    /** Sets {@link TrainingConfig#numericProfile()} unless it was set; null leaves the default. */
    public Builder numericProfileUnlessSet(String value) {
      return numericProfile == null ? numericProfile(value) : this;
    }

    /** Sets {@link TrainingConfig#mixedBits()}. */
    @JsonProperty
    public Builder mixedBits(MixedBits value) {
      this.mixedBits = value;
      return this;
    }

    /** Sets {@link TrainingConfig#kernels()}. */
    @JsonProperty
    public Builder kernels(Kernels value) {
      this.kernels = value;
      return this;
    }

    /** Sets {@link TrainingConfig#launchTimeout()}. */
    @JsonProperty
    public Builder launchTimeout(Duration value) {
      this.launchTimeout = value;
      return this;
    }

    /** Sets {@link TrainingConfig#peerTimeout()}. */
    @JsonProperty
    public Builder peerTimeout(Duration value) {
      this.peerTimeout = value;
      return this;
    }

    /** Sets {@link TrainingConfig#out()}. */
    @JsonProperty
    public Builder out(String value) {
      this.out = value;
      return this;
    }

    /** Sets {@link TrainingConfig#existingOutput()}. */
    @JsonProperty
    public Builder existingOutput(ExistingOutput value) {
      this.existingOutput = value;
      return this;
    }

    /**
     * The validated configuration.
     *
     * @throws IllegalArgumentException naming the field, its value, the relation and the remedy
     */
    public TrainingConfig build() {
      return new TrainingConfig(
          epochs,
          batchSize,
          virtualWorkers,
          workers,
          seed,
          mode,
          accumulate,
          averaging,
          optimizer,
          compression,
          staleness,
          pushSplit,
          onNonFinite,
          shuffle,
          shuffleWindow,
          shuffleMegabytes,
          augmentation,
          validationFraction,
          clipNorm,
          clipValue,
          checkpointEvery,
          keepCheckpoints,
          keepBest,
          earlyStopping,
          maxAttempts,
          minWorkers,
          numericProfile == null ? DEFAULT_PROFILE : numericProfile,
          mixedBits,
          kernels,
          launchTimeout,
          peerTimeout,
          out,
          existingOutput);
    }
  }
}
