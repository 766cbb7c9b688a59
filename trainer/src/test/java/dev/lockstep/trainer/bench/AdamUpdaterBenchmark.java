package dev.lockstep.trainer.bench;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.optim.UpdateRule;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * The fused optimizer beside ND4J's own AdamUpdater, on the vector of the 784-256-128-10 MLP, one
 * thread. Run it with the environment of the numeric profile avx2: {@code OMP_NUM_THREADS=1
 * OPENBLAS_CORETYPE=Haswell DNNL_MAX_CPU_ISA=AVX2}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class AdamUpdaterBenchmark {

  private static final int PARAMETERS = 235_146;
  private static final int EXAMPLES = 64;

  private final float[] theta = new float[PARAMETERS];
  private final float[] source = new float[PARAMETERS];
  private final float[] gradientSum = new float[PARAMETERS];
  private ShardOptimizer optimizer;
  private GradientUpdater<?> updater;
  private INDArray nd4jTheta;
  private INDArray nd4jSource;
  private INDArray nd4jGradient;
  private int iteration;

  @Setup(Level.Trial)
  public void setup() {
    Random random = new Random(1);
    for (int i = 0; i < PARAMETERS; i++) {
      theta[i] = (float) random.nextGaussian();
      source[i] = (float) random.nextGaussian();
    }
    ParameterLayout layout = new ParameterLayout(List.of(new Block("0_W", 0, 0, PARAMETERS)));
    UpdateRule rule = UpdateRule.of(new Dl4jOptimizer.Adam(Schedule.fixed(1e-3), 0.9, 0.999, 1e-8));
    optimizer =
        new ShardOptimizer(UpdatePlan.uniform(layout, rule, new Clipping.None()), 0, PARAMETERS);
    updater = new Adam(1e-3).instantiate(Nd4j.create(1, 2L * PARAMETERS), true);
    nd4jTheta = Nd4j.createFromArray(theta.clone());
    nd4jSource = Nd4j.createFromArray(source.clone());
    nd4jGradient = Nd4j.create(PARAMETERS);
  }

  /** Both sides use up their gradient, so both get a fresh one, outside of what is measured. */
  @Setup(Level.Invocation)
  public void freshGradient() {
    System.arraycopy(source, 0, gradientSum, 0, PARAMETERS);
    nd4jGradient.assign(nd4jSource);
    iteration++;
  }

  /** Division, Adam and θ -= u in one pass. */
  @Benchmark
  public float[] lockstep() {
    optimizer.update(theta, gradientSum, 0, PARAMETERS, EXAMPLES, null, StepTime.of(iteration, 0));
    return theta;
  }

  /** ND4J's updater alone: neither the division nor θ -= u. */
  @Benchmark
  public INDArray nd4jUpdaterAlone() {
    updater.applyUpdater(nd4jGradient, iteration, 0);
    return nd4jGradient;
  }

  /** The same work as {@link #lockstep}, in the calls that DL4J makes. */
  @Benchmark
  public INDArray nd4jWholeUpdate() {
    nd4jGradient.divi(EXAMPLES);
    updater.applyUpdater(nd4jGradient, iteration, 0);
    return nd4jTheta.subi(nd4jGradient);
  }

  /** Prints the ratios of median times. */
  public static void main(String[] args) throws RunnerException {
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
                    .include(AdamUpdaterBenchmark.class.getSimpleName() + "\\.")
                    .build())
            .run();
    double lockstep = median(results, "lockstep");
    for (String name : Arrays.asList("nd4jUpdaterAlone", "nd4jWholeUpdate")) {
      System.out.printf(
          "lockstep %.0f M elements/s, %s %.0f M elements/s: ratio %.1f%n",
          PARAMETERS / lockstep,
          name,
          PARAMETERS / median(results, name),
          median(results, name) / lockstep);
    }
  }

  private static double median(Collection<RunResult> results, String benchmark) {
    return results.stream()
        .filter(r -> r.getParams().getBenchmark().endsWith("." + benchmark))
        .mapToDouble(r -> r.getPrimaryResult().getStatistics().getPercentile(50))
        .findFirst()
        .orElseThrow();
  }
}
