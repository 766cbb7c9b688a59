package dev.lockstep.trainer.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.plan.Holdout;
import dev.lockstep.sharding.plan.Shuffle;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.read.MicroBatchStream;
import dev.lockstep.sharding.read.StreamRequest;
import dev.lockstep.sharding.read.StreamRequest.EpochRange;
import dev.lockstep.sharding.read.StreamRequest.Examples;
import dev.lockstep.sharding.read.StreamRequest.Order;
import dev.lockstep.sharding.read.StreamRequest.Reading;
import dev.lockstep.sharding.read.StreamRequest.Workers;
import dev.lockstep.trainer.LocalSpark;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.config.TrainingConfig;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.File;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A graph of two branches through the barrier stage. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GraphTrainingTest {

  private static final int FEATURES = 12;
  private static final int CLASSES = 3;
  private static final int EPOCHS = 3;

  @TempDir private Path folder;

  @Test
  void threeWorkersTrainTheGraphThatFitTrains() throws Exception {
    // 237 divides by nothing here: the last global batch is ragged.
    ShardedDataset dataset =
        SyntheticDataset.classes(folder.resolve("data"), List.of(FEATURES), CLASSES, 237);
    TrainingResult three =
        Lockstep.train(LocalSpark.shared(), branches(), dataset, config("three"));
    assertEquals(3, three.cluster().workers());

    TrainingConfig config = config("unused");
    ComputationGraph fit = new ComputationGraph(branches());
    float[] theta =
        BuiltModel.of(ModelDefinition.of(branches()), config.optimization().seed())
            .initialParameters();
    fit.init(Nd4j.createFromArray(theta).reshape(1, theta.length), true);
    List<DataSet> batches = globalBatches(dataset, config);
    assertEquals(three.progress().steps(), batches.size());
    batches.forEach(fit::fit);

    File zip = new File(URI.create(three.modelFile()));
    INDArray trained = ModelSerializer.restoreComputationGraph(zip, false).params();
    double error =
        trained.sub(fit.params()).norm2Number().doubleValue()
            / fit.params().norm2Number().doubleValue();
    assertTrue(error <= 1e-5, "relative error of parameters " + error);
  }

  private TrainingConfig config(String out) {
    return TrainingConfig.builder()
        .optimization(o -> o.epochs(EPOCHS))
        .data(d -> d.batchSize(8).validationFraction(0))
        .cluster(c -> c.workers(3))
        .output(o -> o.folder(folder.resolve(out).toString()))
        .build();
  }

  private static ComputationGraphConfiguration branches() {
    return new NeuralNetConfiguration.Builder()
        .updater(new Nesterovs(0.05, 0.9))
        .activation(Activation.TANH)
        .l2(1e-3)
        .graphBuilder()
        .addInputs("in")
        .addLayer("wide", new DenseLayer.Builder().nOut(20).build(), "in")
        .addLayer("narrow", new DenseLayer.Builder().nOut(4).build(), "in")
        .addVertex("both", new MergeVertex(), "wide", "narrow")
        .addLayer(
            "out",
            new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build(),
            "both")
        .setOutputs("out")
        .setInputTypes(InputType.feedForward(FEATURES))
        .build();
  }

  /** What all virtual workers together see in each step. */
  private static List<DataSet> globalBatches(ShardedDataset dataset, TrainingConfig config)
      throws Exception {
    int virtualWorkers = config.mode().virtualWorkers();
    StreamRequest request =
        new StreamRequest(
            dataset,
            Examples.of(
                Holdout.of(config.optimization().seed(), 0, dataset.manifest().blockSizes()),
                Split.TRAINING),
            new Order(
                config.optimization().seed(),
                Shuffle.within(config.order().shuffleOf(dataset.manifest()).window())),
            Workers.all(virtualWorkers),
            config.data().batchSize(),
            new EpochRange(0, 0, EPOCHS),
            Reading.ahead(virtualWorkers));
    List<DataSet> global = new ArrayList<>();
    try (MicroBatchStream stream = new MicroBatchStream(request, new Configuration())) {
      List<DataSet> step = new ArrayList<>();
      for (MicroBatchStream.Item item = stream.next(); item != null; item = stream.next()) {
        int examples = item.batch().examples();
        if (examples > 0) {
          step.add(
              new DataSet(
                  Nd4j.createFromArray(item.batch().values().get(0)).reshape(examples, FEATURES),
                  Nd4j.createFromArray(item.batch().values().get(1)).reshape(examples, CLASSES)));
        }
        if (item.v() == virtualWorkers - 1) {
          global.add(DataSet.merge(step));
          step.clear();
        }
      }
    }
    return global;
  }
}
