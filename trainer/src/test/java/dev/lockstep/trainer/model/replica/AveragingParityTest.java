package dev.lockstep.trainer.model.replica;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.compress.LeafCompressor;
import dev.lockstep.ps.optim.Dl4jOptimizer;
import dev.lockstep.ps.optim.OptimizerSpec;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.ps.protocol.Consistency;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.Rounding;
import dev.lockstep.ps.reduce.TreeNode;
import dev.lockstep.ps.schedule.Schedule;
import dev.lockstep.sharding.MicroBatch;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.trainer.config.ClusterConfig.Kernels;
import dev.lockstep.trainer.loop.AveragedVector;
import dev.lockstep.trainer.loop.BatchSource;
import dev.lockstep.trainer.loop.GlobalGradient;
import dev.lockstep.trainer.loop.InProcessCluster;
import dev.lockstep.trainer.loop.LocalOptimizers;
import dev.lockstep.trainer.loop.LocalSteps;
import dev.lockstep.trainer.loop.LoopSpec;
import dev.lockstep.trainer.loop.PriorTraining;
import dev.lockstep.trainer.loop.Round;
import dev.lockstep.trainer.loop.RoundListener;
import dev.lockstep.trainer.loop.StepSchedule;
import dev.lockstep.trainer.loop.SyncPoints;
import dev.lockstep.trainer.loop.WorkerLoop;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.SavedTraining;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.network.BuiltModel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Averaging and accumulation against plain DL4J: V networks that each fit k batches, then a mean of
 * their parameters and updater states; one network that fits what V virtual workers accumulate.
 */
class AveragingParityTest {
  private static final int V = 4;
  private static final int B = 8;
  private static final int K = 3;

  /** Rounds of 3, 3 and 1 steps, the last one ragged. */
  private static final int STEPS = 7;

  private static final double TOLERANCE = 1e-6;
  private static final List<TensorSpec> TABLE = List.of(Fixtures.features(12), Fixtures.classes(4));

  static Stream<IUpdater> updaters() {
    return Stream.of(
        new Sgd(0.1), new Nesterovs(0.05, 0.9), new Adam(1e-2), new RmsProp(1e-2, 0.9, 1e-6));
  }

  @ParameterizedTest
  @MethodSource("updaters")
  void averagingIsTheMeanOfWhatNetworksFit(IUpdater updater) {
    MultiLayerConfiguration configuration = table(updater);
    ModelDefinition definition = ModelDefinition.of(configuration);
    UpdatePlan plan = BuiltModel.of(definition, 1).updatePlan(new Clipping.None());
    AveragedVector averaged = new AveragedVector(plan, plan.stateVectors());
    List<MultiLayerNetwork> networks = new ArrayList<>();
    for (int v = 0; v < V; v++) {
      networks.add(new MultiLayerNetwork(configuration.clone()));
      networks.get(v).init();
    }
    SavedTraining begin = InitialModel.of(networks.get(0)).saved().orElseThrow();
    float[] vector = averaged.compose(begin.theta(), begin.state());
    float[] trained = train(definition, averaged, vector, new StepSchedule(STEPS, 1, K));

    for (int first = 0; first < STEPS; first += K) {
      long[] weights = new long[V];
      for (int v = 0; v < V; v++) {
        networks.get(v).setIterationCount(first);
        for (int step = first; step < Math.min(STEPS, first + K); step++) {
          int n = examples(step, v);
          if (n > 0) {
            networks.get(v).fit(Fixtures.dl4j(batch(step, v), 12));
            weights[v] += n;
          }
        }
      }
      average(networks, weights);
    }
    SavedTraining expected = InitialModel.of(networks.get(0)).saved().orElseThrow();
    double error = Fixtures.relativeError(averaged.theta(trained), expected.theta());
    assertTrue(error <= TOLERANCE, "relative error of parameters " + error);
    for (int k = 0; k < plan.stateVectors(); k++) {
      error = Fixtures.relativeError(averaged.state(trained)[k], expected.state()[k]);
      assertTrue(error <= TOLERANCE, "relative error of state " + k + " " + error);
    }
  }

  /** Parameters and updater state of all become their mean, in float64. */
  private static void average(List<MultiLayerNetwork> networks, long[] weights) {
    INDArray parameters = networks.get(0).params();
    INDArray state = networks.get(0).getUpdater().getStateViewArray();
    float[] meanParameters =
        mean(networks.stream().map(MultiLayerNetwork::params).toList(), weights);
    float[] meanState =
        state == null
            ? null
            : mean(
                networks.stream().map(net -> net.getUpdater().getStateViewArray()).toList(),
                weights);
    for (MultiLayerNetwork network : networks) {
      network.setParams(Nd4j.create(meanParameters).reshape(parameters.shape()));
      if (meanState != null) {
        network
            .getUpdater()
            .getStateViewArray()
            .assign(Nd4j.create(meanState).reshape(state.shape()));
      }
    }
  }

  private static float[] mean(List<INDArray> arrays, long[] weights) {
    double[] sum = new double[Math.toIntExact(arrays.get(0).length())];
    long total = 0;
    for (int v = 0; v < arrays.size(); v++) {
      float[] values = Fixtures.floats(arrays.get(v));
      for (int i = 0; i < sum.length; i++) {
        sum[i] += (double) weights[v] * values[i];
      }
      total += weights[v];
    }
    float[] mean = new float[sum.length];
    for (int i = 0; i < sum.length; i++) {
      mean[i] = (float) (sum[i] / total);
    }
    return mean;
  }

  @Test
  void statisticsOfBatchNormalizationAreAveragedPlainly() {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(7)
            .updater(new Sgd(0.1))
            .activation(Activation.TANH)
            .list()
            .layer(new DenseLayer.Builder().nOut(6).build())
            .layer(new BatchNormalization())
            .layer(output())
            .setInputType(InputType.feedForward(12))
            .build();
    ModelDefinition definition = ModelDefinition.of(configuration);
    UpdatePlan plan = BuiltModel.of(definition, 1).updatePlan(new Clipping.None());
    AveragedVector averaged = new AveragedVector(plan, 0);
    UpdatePlan outer =
        averaged.serverPlan(new Dl4jOptimizer.Nesterovs(Schedule.fixed(0.7), Schedule.fixed(0.9)));
    UpdatePlan none = averaged.serverPlan(new Dl4jOptimizer.Sgd(Schedule.fixed(1)));
    StepSchedule oneRound = new StepSchedule(K, 1, K);
    float[] begin = BuiltModel.of(definition, 1).initialParameters();
    float[] withMomentum = train(definition, averaged, outer, begin, oneRound);
    float[] plain = train(definition, averaged, none, begin, oneRound);
    int statistics = 0;
    for (int b = 0; b < plan.rules().size(); b++) {
      if (plan.rules().get(b).optimizer() instanceof OptimizerSpec.Assign) {
        statistics++;
        for (int i = plan.layout().blocks().get(b).offset();
            i < plan.layout().blocks().get(b).end();
            i++) {
          assertTrue(plain[i] != begin[i] && plain[i] == withMomentum[i], "statistic " + i);
        }
      }
    }
    assertTrue(statistics == 2, "statistics blocks " + statistics);
  }

  @Test
  void accumulatedMicroBatchesAreOneBatchOfFit() {
    int accumulate = 3;
    MultiLayerConfiguration configuration = table(new Adam(1e-2));
    ModelDefinition definition = ModelDefinition.of(configuration);
    UpdatePlan plan = BuiltModel.of(definition, 1).updatePlan(new Clipping.None());
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    float[] begin = Fixtures.floats(network.params());
    // Seven micro-batches are steps of three, three and one, the last one ragged.
    StepSchedule schedule = new StepSchedule(STEPS, accumulate, 1);
    InProcessCluster cluster = new InProcessCluster(V, plan, begin, null, 0);
    LoopSpec span =
        new LoopSpec(
            1,
            new LoopSpec.VirtualWorkers(0, V, V),
            new SyncPoints(schedule, 0, schedule.stepsPerEpoch()),
            0,
            PriorTraining.NONE,
            new Consistency.Sync(),
            0);
    try (ModelReplica replica =
        ModelReplica.open(definition, new ReplicaOptions(Kernels.BUILTIN))) {
      GlobalGradient gradient =
          new GlobalGradient(
              span, replica, source(schedule), LeafCompressor.rounding(Rounding.NONE));
      gradient.receive(begin);
      new WorkerLoop(span, gradient, cluster.exchange(), new Silence()).run();
    }
    for (long step = 0; step < schedule.stepsPerEpoch(); step++) {
      List<MicroBatch> all = new ArrayList<>();
      for (int v = 0; v < V; v++) {
        for (int m = 0; m < schedule.microBatches(step); m++) {
          all.add(batch(schedule.firstMicroBatch(step) + m, v));
        }
      }
      network.fit(Fixtures.dl4j(joined(all), 12));
    }
    double error = Fixtures.relativeError(cluster.vector(), Fixtures.floats(network.params()));
    assertTrue(error <= 1e-5, "relative error of parameters " + error);
  }

  private static MicroBatch joined(List<MicroBatch> parts) {
    int examples = parts.stream().mapToInt(MicroBatch::examples).sum();
    List<float[]> values = new ArrayList<>();
    for (int t = 0; t < TABLE.size(); t++) {
      float[] all = new float[examples * TABLE.get(t).elements()];
      int at = 0;
      for (MicroBatch part : parts) {
        System.arraycopy(part.values().get(t), 0, all, at, part.values().get(t).length);
        at += part.values().get(t).length;
      }
      values.add(all);
    }
    return new MicroBatch(examples, TABLE, values);
  }

  private static float[] train(
      ModelDefinition definition, AveragedVector averaged, float[] vector, StepSchedule schedule) {
    UpdatePlan none = averaged.serverPlan(new Dl4jOptimizer.Sgd(Schedule.fixed(1)));
    return train(definition, averaged, none, vector, schedule);
  }

  private static float[] train(
      ModelDefinition definition,
      AveragedVector averaged,
      UpdatePlan server,
      float[] vector,
      StepSchedule schedule) {
    InProcessCluster cluster = new InProcessCluster(V, server, vector, null, 0);
    LoopSpec span =
        new LoopSpec(
            1,
            new LoopSpec.VirtualWorkers(0, V, V),
            new SyncPoints(schedule, 0, schedule.stepsPerEpoch()),
            0,
            PriorTraining.NONE,
            new Consistency.Sync(),
            0);
    try (ModelReplica replica =
        ModelReplica.open(definition, new ReplicaOptions(Kernels.BUILTIN))) {
      LocalSteps steps =
          new LocalSteps(
              span, averaged, replica, source(schedule), LocalOptimizers.shared(averaged.local()));
      steps.receive(vector);
      new WorkerLoop(span, steps, cluster.exchange(), new Silence()).run();
    }
    return cluster.vector();
  }

  /** All micro-batches of one epoch in the order that one worker needs. */
  private static BatchSource source(StepSchedule schedule) {
    Deque<MicroBatchStream.Item> batches = new ArrayDeque<>();
    for (long first = 0; first < STEPS; first += schedule.consecutive()) {
      for (int v = 0; v < V; v++) {
        for (long m = first; m < Math.min(STEPS, first + schedule.consecutive()); m++) {
          batches.add(new MicroBatchStream.Item(0, m, v, batch(m, v)));
        }
      }
    }
    return batches::remove;
  }

  private static int examples(long microBatch, int virtualWorker) {
    return microBatch < STEPS - 1 ? B : 3 * (virtualWorker % 2);
  }

  private static MicroBatch batch(long microBatch, int virtualWorker) {
    MicroBatch whole = Fixtures.examples(TABLE, B, 100 * microBatch + virtualWorker);
    return Fixtures.slice(whole, 0, examples(microBatch, virtualWorker));
  }

  private static MultiLayerConfiguration table(IUpdater updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .updater(updater)
        .activation(Activation.TANH)
        .l2(1e-3)
        .gradientNormalization(GradientNormalization.ClipL2PerLayer)
        .gradientNormalizationThreshold(0.5)
        .list()
        .layer(new DenseLayer.Builder().nOut(16).build())
        .layer(output())
        .setInputType(InputType.feedForward(12))
        .build();
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nOut(4)
        .activation(Activation.SOFTMAX)
        .build();
  }

  private static final class Silence implements RoundListener {
    @Override
    public void contributed(Round round, TreeNode node, long[] examples, double[] losses) {}

    @Override
    public void roundTaken(Round round, List<StepOutcome> outcomes) {}

    @Override
    public void epochTaken(int epochsTaken) {}
  }
}
