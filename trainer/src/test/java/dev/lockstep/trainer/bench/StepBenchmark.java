package dev.lockstep.trainer.bench;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.optim.ShardOptimizer;
import dev.lockstep.ps.schedule.StepTime;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorSpec.Encoding;
import dev.lockstep.sharding.TensorSpec.Role;
import dev.lockstep.trainer.config.ClusterConfig.Kernels;
import dev.lockstep.trainer.loop.GradientSource.Position;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.model.replica.ModelReplica;
import dev.lockstep.trainer.model.replica.ReplicaOptions;
import dev.lockstep.trainer.numeric.NumericProfile;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One optimizer step of batch 64 on one thread, in milliseconds of its CPU time, which neighbours
 * on the machine do not change (median of rounds that take turns): DL4J's own fit, and a replica's
 * gradient with the fused Adam. For the 784-256-128-10 MLP and for LeNet, the latter with and
 * without oneDNN. Start it with the default profile's environment.
 */
public final class StepBenchmark {
  private static final int BATCH = 64;
  private static final int ROUNDS = 7;

  private static final List<TensorSpec> IMAGES =
      List.of(
          new TensorSpec("features", Role.FEATURES, Encoding.FLOAT32, List.of(1, 28, 28)),
          new TensorSpec("labels", Role.LABELS, Encoding.CLASS_INDEX, List.of(10)));

  private StepBenchmark() {}

  /** Measures and prints; arguments: none. */
  public static void main(String[] args) {
    NumericProfile.AVX2.verify();
    compare("mlp:256,128", 300);
    compare("lenet", 5);
  }

  private static void compare(String model, int steps) {
    ModelDefinition definition = ModelDefinition.builtIn(model, IMAGES, BuiltInOptions.DEFAULT);
    MicroBatch batch = examples();

    long[] shape = model.equals("lenet") ? new long[] {BATCH, 1, 28, 28} : new long[] {BATCH, 784};
    INDArray features = Nd4j.create(batch.values().get(0)).reshape(shape);
    INDArray labels = Nd4j.create(batch.values().get(1)).reshape(BATCH, 10);
    MultiLayerNetwork network =
        new MultiLayerNetwork(MultiLayerConfiguration.fromJson(definition.json()));
    network.init();
    try (Lockstep oneDnn = new Lockstep(definition, Kernels.ONEDNN);
        Lockstep builtIn = new Lockstep(definition, Kernels.BUILTIN)) {
      Runnable fit = () -> network.fit(features, labels);
      double[] fits = new double[ROUNDS];
      double[] with = new double[ROUNDS];
      double[] without = new double[ROUNDS];
      double[] gradients = new double[ROUNDS];
      for (int round = -2; round < ROUNDS; round++) {
        double a = millis(steps, fit);
        double b = millis(steps, () -> oneDnn.step(batch));
        double c = millis(steps, () -> builtIn.step(batch));
        double d = millis(steps, () -> oneDnn.gradient(batch));
        if (round >= 0) {
          fits[round] = a;
          with[round] = b;
          without[round] = c;
          gradients[round] = d;
        }
      }
      System.out.printf(
          Locale.ROOT,
          "%s: fit %.3f ms, lockstep %.3f ms (%.2f times), without oneDNN %.3f ms (%.2f times),"
              + " gradient alone %.3f ms, %.0f samples/s, resident %d MiB%n",
          model,
          median(fits),
          median(with),
          median(fits) / median(with),
          median(without),
          median(fits) / median(without),
          median(gradients),
          1000 * BATCH / median(with),
          Pointer.physicalBytes() >> 20);
    }
  }

  /** A worker's step without Spark: gradient, fused Adam, parameters back. */
  private static final class Lockstep implements AutoCloseable {
    private final ModelReplica replica;
    private final ShardOptimizer optimizer;
    private final float[] theta;
    private final float[] gradient;
    private long iteration;

    Lockstep(ModelDefinition definition, Kernels kernels) {
      replica = ModelReplica.open(definition, new ReplicaOptions(kernels));
      theta = BuiltModel.of(definition, 1).initialParameters();
      gradient = new float[theta.length];
      optimizer =
          new ShardOptimizer(
              BuiltModel.of(definition, 1).updatePlan(new Clipping.None()), 0, theta.length);
    }

    void gradient(MicroBatch batch) {
      replica.gradient(batch, new Position(iteration, iteration, 0), gradient);
    }

    void step(MicroBatch batch) {
      replica.setParameters(theta);
      gradient(batch);
      optimizer.update(theta, gradient, 0, theta.length, BATCH, null, StepTime.of(iteration++, 0));
    }

    @Override
    public void close() {
      replica.close();
    }
  }

  private static double millis(int steps, Runnable step) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long start = threads.getCurrentThreadCpuTime();
    for (int i = 0; i < steps; i++) {
      step.run();
    }
    return (threads.getCurrentThreadCpuTime() - start) / 1e6 / steps;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static MicroBatch examples() {
    Random random = new Random(1);
    float[] features = new float[BATCH * 784];
    for (int i = 0; i < features.length; i++) {
      features[i] = random.nextFloat();
    }
    float[] labels = new float[BATCH * 10];
    for (int i = 0; i < BATCH; i++) {
      labels[10 * i + random.nextInt(10)] = 1;
    }
    return new MicroBatch(BATCH, IMAGES, List.of(features, labels));
  }
}
