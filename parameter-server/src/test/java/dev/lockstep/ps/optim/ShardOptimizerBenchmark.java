package dev.lockstep.ps.optim;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.UpdateRule.WeightDecayScaling;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * The time of one step over all of θ, by optimizer, beside the time in which {@link
 * System#arraycopy} moves as many floats; one thread. A copy and a step take turns in one fork, so
 * what else the machine does meanwhile slows both, and each step is compared with the copy just
 * before it: the copy that gave it its gradient.
 *
 * <p>{@link #main} takes JMH's options, such as {@code -p optimizer=adamW -p regularization=l1},
 * and prints what each optimizer makes of the copy's bandwidth. Bytes counted are those of θ, G and
 * the state vectors, each read and written once: {@code 16 + 8 * stateVectors} an element, for G
 * becomes the update; a layer-wise optimizer's three passes as {@link #bytesPerElement} has them.
 * The copy reads 4 and writes 4; that memory may have to be read before it is written is not
 * counted, and as a step reads all it writes, it may come out above 100 %.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 1, time = 2)
@Fork(value = 1, jvmArgsAppend = "-Xmx2g")
public class ShardOptimizerBenchmark {

  private static final long EXAMPLES = 256;

  /** Read and written for an element by the copy. */
  private static final int COPY_BYTES = 8;

  @Param({
    "sgd",
    "sgdMomentum",
    "adaGrad",
    "rmsProp",
    "rmsPropCenteredMomentum",
    "adaDelta",
    "adam",
    "amsGrad",
    "adamW",
    "adaMax",
    "nadam",
    "rAdam",
    "lion",
    "lamb",
    "lars",
    "dl4jSgd",
    "dl4jNesterovs",
    "dl4jAdam",
    "dl4jAmsGrad",
    "dl4jAdaMax",
    "dl4jNadam",
    "dl4jAdaGrad",
    "dl4jRmsProp",
    "dl4jAdaDelta",
    "dl4jNoOp"
  })
  public String optimizer;

  @Param({"25000000", "235146"})
  public int parameters;

  /** {@code none}, {@code l1}, {@code l2} or {@code weightDecay}. */
  @Param("none")
  public String regularization;

  /** {@code none}, {@code value} or {@code norm}, norms included. */
  @Param("none")
  public String clipping;

  private ShardOptimizer shard;
  private float[] theta;
  private float[] source;
  private float[] gradientSum;
  private long iteration;

  @Setup(Level.Trial)
  public void setup() {
    Schedule coefficient = Schedule.fixed(1e-4);
    UpdateRule plain = UpdateRule.of(spec(optimizer));
    UpdateRule rule =
        switch (regularization) {
          case "l1" -> plain.withL1(coefficient);
          case "l2" -> plain.withL2(coefficient);
          case "weightDecay" ->
              plain.withWeightDecay(coefficient, WeightDecayScaling.BY_LEARNING_RATE);
          default -> plain;
        };
    Clipping clip =
        switch (clipping) {
          case "value" -> new Clipping.ByValue(1);
          case "norm" -> new Clipping.GlobalNorm(1);
          default -> new Clipping.None();
        };
    ParameterLayout layout = new ParameterLayout(List.of(new Block("0_W", 0, 0, parameters)));
    shard = new ShardOptimizer(UpdatePlan.uniform(layout, rule, clip), 0, parameters);
    theta = new float[parameters];
    source = new float[parameters];
    gradientSum = new float[parameters];
    for (int i = 0; i < parameters; i++) {
      theta[i] = (i * 31 % 2003 - 1001) / 1000f;
      source[i] = (i * 17 % 1009 - 504) / 10f;
    }
  }

  /**
   * A copy, the yardstick and the fresh gradient of the step, then the step, norms included where
   * they are needed. JMH's own figure is the time of both; {@link Turns} has that of each.
   */
  @Benchmark
  public float[] copyThenStep(Turns turns) {
    long start = System.nanoTime();
    System.arraycopy(source, 0, gradientSum, 0, parameters);
    long copied = System.nanoTime();
    shard.updateWhole(theta, gradientSum, EXAMPLES, StepTime.of(iteration, 0));
    long stepped = System.nanoTime();
    iteration++;
    turns.add(copied - start, stepped - copied);
    return theta;
  }

  /** The times of an iteration's turns; JMH reads the public methods after the iteration. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Turns {

    private final List<Double> copies = new ArrayList<>();
    private final List<Double> steps = new ArrayList<>();
    private final List<Double> ratios = new ArrayList<>();

    @Setup(Level.Iteration)
    public void clear() {
      copies.clear();
      steps.clear();
      ratios.clear();
    }

    void add(long copyNanos, long stepNanos) {
      copies.add((double) copyNanos);
      steps.add((double) stepNanos);
      ratios.add((double) copyNanos / stepNanos);
    }

    /** Median, in nanoseconds. */
    public double copyNanos() {
      return quantile(copies, 0.5);
    }

    /** Median, in nanoseconds. */
    public double stepNanos() {
      return quantile(steps, 0.5);
    }

    /** Lower quartile of copy time over step time. */
    public double lowerRatio() {
      return quantile(ratios, 0.25);
    }

    /** Median of copy time over step time. */
    public double medianRatio() {
      return quantile(ratios, 0.5);
    }

    /** Upper quartile of copy time over step time. */
    public double upperRatio() {
      return quantile(ratios, 0.75);
    }

    private static double quantile(List<Double> values, double fraction) {
      return values.stream()
          .sorted()
          .skip((long) (fraction * (values.size() - 1)))
          .findFirst()
          .orElse(Double.NaN);
    }
  }

  private static OptimizerSpec spec(String name) {
    Schedule rate = Schedule.fixed(1e-3);
    Schedule momentum = Schedule.fixed(0.9);
    return switch (name) {
      case "sgd" -> Sgd.DEFAULT;
      case "sgdMomentum" -> new Sgd(rate, momentum, 0, Sgd.Form.NESTEROV, 1e-4);
      case "adaGrad" -> AdaGrad.DEFAULT;
      case "rmsProp" -> RmsProp.DEFAULT;
      case "rmsPropCenteredMomentum" ->
          new RmsProp(rate, 0.99, 1e-8, 0.9, RmsProp.Centering.CENTERED, 0);
      case "adaDelta" -> AdaDelta.DEFAULT;
      case "adam" -> Adam.DEFAULT;
      case "amsGrad" -> AmsGrad.DEFAULT;
      case "adamW" -> AdamW.DEFAULT;
      case "adaMax" -> AdaMax.DEFAULT;
      case "nadam" -> Nadam.DEFAULT;
      case "rAdam" -> RAdam.DEFAULT;
      case "lion" -> Lion.DEFAULT;
      case "lamb" -> Lamb.DEFAULT;
      case "lars" -> Lars.DEFAULT;
      case "dl4jSgd" -> new Dl4jOptimizer.Sgd(rate);
      case "dl4jNesterovs" -> new Dl4jOptimizer.Nesterovs(rate, momentum);
      case "dl4jAdam" -> new Dl4jOptimizer.Adam(rate, 0.9, 0.999, 1e-8);
      case "dl4jAmsGrad" -> new Dl4jOptimizer.AmsGrad(rate, 0.9, 0.999, 1e-8);
      case "dl4jAdaMax" -> new Dl4jOptimizer.AdaMax(rate, 0.9, 0.999, 1e-8);
      case "dl4jNadam" -> new Dl4jOptimizer.Nadam(rate, 0.9, 0.999, 1e-8);
      case "dl4jAdaGrad" -> new Dl4jOptimizer.AdaGrad(rate, 1e-6);
      case "dl4jRmsProp" -> new Dl4jOptimizer.RmsProp(rate, 0.95, 1e-8);
      case "dl4jAdaDelta" -> new Dl4jOptimizer.AdaDelta(0.95, 1e-6);
      case "dl4jNoOp" -> new Dl4jOptimizer.NoOp();
      default -> throw new IllegalArgumentException("optimizer=" + name + " is not known here");
    };
  }

  /** Reads and writes of θ, G and the state. */
  static int bytesPerElement(OptimizerSpec optimizer) {
    if (optimizer instanceof Lamb) {
      // First pass θ, 2 G, 4 of state; norms θ, r; second pass 2 θ, 2 r.
      return 4 * (7 + 2 + 4);
    }
    if (optimizer instanceof Lars) {
      // First pass θ, 2 G; norms θ, r; second pass 2 θ, 2 r, 2 of state.
      return 4 * (3 + 2 + 6);
    }
    return 4 * (4 + 2 * optimizer.stateVectors());
  }

  /**
   * Prints a line for each optimizer and size: medians, and between which quartiles the share of
   * the copy's bandwidth lies. All of it takes some five minutes.
   */
  public static void main(String[] args) throws RunnerException, CommandLineOptionException {
    Collection<RunResult> results =
        new Runner(
                new OptionsBuilder()
                    .parent(new CommandLineOptions(args))
                    .include(ShardOptimizerBenchmark.class.getSimpleName() + "\\.")
                    .verbosity(VerboseMode.SILENT)
                    .build())
            .run();
    System.out.printf(
        "%-24s %10s %11s %14s %8s %10s %10s %14s%n",
        "optimizer",
        "elements",
        "bytes/elem",
        "M elements/s",
        "GB/s",
        "copy GB/s",
        "% of copy",
        "(quartiles)");
    results.forEach(ShardOptimizerBenchmark::print);
  }

  private static void print(RunResult result) {
    String name = result.getParams().getParam("optimizer");
    double elements = Double.parseDouble(result.getParams().getParam("parameters"));
    int bytes = bytesPerElement(spec(name));
    double rate = elements / turns(result, "stepNanos");
    double percent = 100.0 * bytes / COPY_BYTES;
    System.out.printf(
        "%-24s %10.0f %11d %14.0f %8.1f %10.1f %9.0f%% %5.0f%% to %3.0f%%%n",
        name,
        elements,
        bytes,
        1e3 * rate,
        bytes * rate,
        COPY_BYTES * elements / turns(result, "copyNanos"),
        percent * turns(result, "medianRatio"),
        percent * turns(result, "lowerRatio"),
        percent * turns(result, "upperRatio"));
  }

  /** The mean over iterations, of which there is one unless asked: JMH itself would add them up. */
  private static double turns(RunResult result, String figure) {
    return result.getBenchmarkResults().stream()
        .flatMap(fork -> fork.getIterationResults().stream())
        .mapToDouble(iteration -> iteration.getSecondaryResults().get(figure).getScore())
        .average()
        .orElseThrow();
  }
}
