package dev.lockstep.trainer.bench;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
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
 * The fused optimizers beside ND4J's own updaters, on the vector of the 784-256-128-10 MLP, one
 * thread; {@code -p parameters=25000000} for a large one. The two sides take turns in one fork, so
 * what else the machine does meanwhile slows both. Run it with the environment of the numeric
 * profile avx2: {@code OMP_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell DNNL_MAX_CPU_ISA=AVX2}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 1, time = 3)
@Measurement(iterations = 1, time = 4)
@Fork(value = 1, jvmArgsAppend = "-Xmx2g")
public class UpdaterBenchmark {

  private static final int EXAMPLES = 64;
  private static final Schedule RATE = Schedule.fixed(1e-3);

  /** The same optimizer on both sides. */
  private record Pair(IUpdater nd4j, OptimizerSpec lockstep) {

    static Pair of(String updater) {
      return switch (updater) {
        case "Sgd" -> new Pair(new Sgd(1e-3), new Dl4jOptimizer.Sgd(RATE));
        case "Nesterovs" ->
            new Pair(
                new Nesterovs(1e-3, 0.9), new Dl4jOptimizer.Nesterovs(RATE, Schedule.fixed(0.9)));
        case "Adam" -> new Pair(new Adam(1e-3), new Dl4jOptimizer.Adam(RATE, 0.9, 0.999, 1e-8));
        case "AMSGrad" ->
            new Pair(new AMSGrad(1e-3), new Dl4jOptimizer.AmsGrad(RATE, 0.9, 0.999, 1e-8));
        case "AdaMax" ->
            new Pair(new AdaMax(1e-3), new Dl4jOptimizer.AdaMax(RATE, 0.9, 0.999, 1e-8));
        case "Nadam" -> new Pair(new Nadam(1e-3), new Dl4jOptimizer.Nadam(RATE, 0.9, 0.999, 1e-8));
        case "AdaGrad" -> new Pair(new AdaGrad(1e-3), new Dl4jOptimizer.AdaGrad(RATE, 1e-6));
        case "RmsProp" -> new Pair(new RmsProp(1e-3), new Dl4jOptimizer.RmsProp(RATE, 0.95, 1e-8));
        case "AdaDelta" -> new Pair(new AdaDelta(), new Dl4jOptimizer.AdaDelta(0.95, 1e-6));
        default -> throw new IllegalArgumentException("updater=" + updater + " is not known here");
      };
    }

    GradientUpdater<?> updater(int parameters) {
      long stateSize = nd4j.stateSize(parameters);
      return nd4j.instantiate(stateSize == 0 ? null : Nd4j.create(1, stateSize), true);
    }
  }

  @Param({
    "Sgd",
    "Nesterovs",
    "Adam",
    "AMSGrad",
    "AdaMax",
    "Nadam",
    "AdaGrad",
    "RmsProp",
    "AdaDelta"
  })
  public String updater;

  @Param("235146")
  public int parameters;

  private float[] theta;
  private float[] source;
  private float[] gradientSum;
  private ShardOptimizer optimizer;
  private GradientUpdater<?> nd4jUpdater;
  private INDArray nd4jTheta;
  private INDArray nd4jSource;
  private INDArray nd4jGradient;
  private int iteration;

  @Setup(Level.Trial)
  public void setup() {
    Random random = new Random(1);
    theta = new float[parameters];
    source = new float[parameters];
    gradientSum = new float[parameters];
    for (int i = 0; i < parameters; i++) {
      theta[i] = (float) random.nextGaussian();
      source[i] = (float) random.nextGaussian();
    }
    Pair pair = Pair.of(updater);
    ParameterLayout layout = new ParameterLayout(List.of(new Block("0_W", 0, 0, parameters)));
    UpdateRule rule = UpdateRule.of(pair.lockstep);
    optimizer =
        new ShardOptimizer(UpdatePlan.uniform(layout, rule, new Clipping.None()), 0, parameters);
    nd4jUpdater = pair.updater(parameters);
    nd4jTheta = Nd4j.createFromArray(theta.clone());
    nd4jSource = Nd4j.createFromArray(source.clone());
    nd4jGradient = Nd4j.create(parameters);
  }

  /**
   * Division, optimizer and θ -= u: Lockstep's in one pass, then the same work of ND4J in the calls
   * that DL4J makes. JMH's own figure is the time of both and of the fresh gradients; {@link Turns}
   * has that of each.
   */
  @Benchmark
  public float[] inTurns(Turns turns) {
    System.arraycopy(source, 0, gradientSum, 0, parameters);
    nd4jGradient.assign(nd4jSource);
    long start = System.nanoTime();
    optimizer.update(theta, gradientSum, 0, parameters, EXAMPLES, null, StepTime.of(iteration, 0));
    long stepped = System.nanoTime();
    nd4jGradient.divi(EXAMPLES);
    long divided = System.nanoTime();
    nd4jUpdater.applyUpdater(nd4jGradient, iteration, 0);
    long updated = System.nanoTime();
    nd4jTheta.subi(nd4jGradient);
    long subtracted = System.nanoTime();
    iteration++;
    turns.add(stepped - start, updated - divided, subtracted - stepped);
    return theta;
  }

  /** The times of an iteration's turns; JMH reads the public methods after the iteration. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Turns {

    private final List<Double> lockstep = new ArrayList<>();
    private final List<Double> updaterAlone = new ArrayList<>();
    private final List<Double> wholeUpdate = new ArrayList<>();
    private final List<Double> aloneRatios = new ArrayList<>();
    private final List<Double> wholeRatios = new ArrayList<>();

    @Setup(Level.Iteration)
    public void clear() {
      List.of(lockstep, updaterAlone, wholeUpdate, aloneRatios, wholeRatios).forEach(List::clear);
    }

    void add(long lockstepNanos, long aloneNanos, long wholeNanos) {
      lockstep.add((double) lockstepNanos);
      updaterAlone.add((double) aloneNanos);
      wholeUpdate.add((double) wholeNanos);
      aloneRatios.add((double) aloneNanos / lockstepNanos);
      wholeRatios.add((double) wholeNanos / lockstepNanos);
    }

    /** Median, in nanoseconds. */
    public double lockstepNanos() {
      return median(lockstep);
    }

    /** ND4J's updater alone, neither the division nor θ -= u: median, in nanoseconds. */
    public double aloneNanos() {
      return median(updaterAlone);
    }

    /** Median, in nanoseconds. */
    public double wholeNanos() {
      return median(wholeUpdate);
    }

    /** Median of the time of ND4J's updater alone over Lockstep's beside it. */
    public double aloneRatio() {
      return median(aloneRatios);
    }

    /** Median of ND4J's whole time over Lockstep's beside it. */
    public double wholeRatio() {
      return median(wholeRatios);
    }

    private static double median(List<Double> values) {
      return values.stream().sorted().skip(values.size() / 2).findFirst().orElse(Double.NaN);
    }
  }

  /**
   * Takes JMH's options; prints elements per second, from median times, and medians of the ratios
   * of times. All of it takes some two minutes.
   */
  public static void main(String[] args) throws RunnerException, CommandLineOptionException {
    Map<String, String> wanted =
        Map.of("OMP_NUM_THREADS", "1", "OPENBLAS_CORETYPE", "Haswell", "DNNL_MAX_CPU_ISA", "AVX2");
    wanted.forEach(
        (name, value) -> {
          if (!value.equals(System.getenv(name))) {
            throw new IllegalStateException(
                name + "=" + System.getenv(name) + " != " + value + ": set it before starting");
          }
        });
    Collection<RunResult> results =
        new Runner(
                new OptionsBuilder()
                    .parent(new CommandLineOptions(args))
                    .include(UpdaterBenchmark.class.getSimpleName() + "\\.")
                    .verbosity(VerboseMode.SILENT)
                    .build())
            .run();
    System.out.printf(
        "%-12s %10s %10s %12s %7s %12s %7s   M elements/s%n",
        "updater", "elements", "lockstep", "nd4j alone", "ratio", "nd4j whole", "ratio");
    results.forEach(UpdaterBenchmark::print);
  }

  private static void print(RunResult result) {
    double elements = Double.parseDouble(result.getParams().getParam("parameters"));
    System.out.printf(
        "%-12s %10.0f %10.0f %12.0f %7.1f %12.0f %7.1f%n",
        result.getParams().getParam("updater"),
        elements,
        1e3 * elements / turns(result, "lockstepNanos"),
        1e3 * elements / turns(result, "aloneNanos"),
        turns(result, "aloneRatio"),
        1e3 * elements / turns(result, "wholeNanos"),
        turns(result, "wholeRatio"));
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
