package dev.lockstep.ps.optim;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.layout.ParameterLayout;
import dev.lockstep.ps.optim.UpdateRule.WeightDecayScaling;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.ps.schedule.StepTime;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Elements of θ updated per microsecond, by optimizer and regularisation; one thread. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ShardOptimizerBenchmark {

  private static final int PARAMETERS = 235_146;
  private static final long EXAMPLES = 256;

  @Param({"sgd", "nesterovs", "adam"})
  public String optimizer;

  @Param({"none", "l1", "l2", "weightDecay"})
  public String regularisation;

  @Param({"none", "value", "norm"})
  public String clipping;

  private ShardOptimizer shard;
  private UpdatePlan plan;
  private float[] theta;
  private float[] gradientSum;
  private long iteration;

  @Setup
  public void setup() {
    Schedule rate = Schedule.fixed(1e-3);
    OptimizerSpec spec =
        switch (optimizer) {
          case "sgd" -> new Dl4jOptimizer.Sgd(rate);
          case "nesterovs" -> new Dl4jOptimizer.Nesterovs(rate, Schedule.fixed(0.9));
          default -> new Dl4jOptimizer.Adam(rate, 0.9, 0.999, 1e-8);
        };
    Schedule coefficient = Schedule.fixed(1e-4);
    UpdateRule plain = UpdateRule.of(spec);
    UpdateRule rule =
        switch (regularisation) {
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
    ParameterLayout layout = new ParameterLayout(List.of(new Block("0_W", 0, 0, PARAMETERS)));
    plan = UpdatePlan.uniform(layout, rule, clip);
    shard = new ShardOptimizer(plan, 0, PARAMETERS);
    Random random = new Random(1);
    theta = new float[PARAMETERS];
    gradientSum = new float[PARAMETERS];
    for (int i = 0; i < PARAMETERS; i++) {
      theta[i] = (float) random.nextGaussian();
      gradientSum[i] = (float) random.nextGaussian();
    }
  }

  /** Norms included where the clipping needs them. */
  @Benchmark
  @OperationsPerInvocation(PARAMETERS)
  public float[] update() {
    double[] norms = null;
    if (plan.normPlan().groups() > 0) {
      norms =
          plan.normPlan()
              .norms(List.of(plan.normPlan().partials(gradientSum, 0, PARAMETERS, EXAMPLES)));
    }
    shard.update(theta, gradientSum, 0, PARAMETERS, EXAMPLES, norms, StepTime.of(iteration++, 0));
    return theta;
  }

  public static void main(String[] args) throws RunnerException {
    new Runner(
            new OptionsBuilder()
                .include(ShardOptimizerBenchmark.class.getSimpleName() + "\\.")
                .build())
        .run();
  }
}
