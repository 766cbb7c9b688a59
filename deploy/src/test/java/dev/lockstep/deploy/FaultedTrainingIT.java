package dev.lockstep.deploy;

import static dev.lockstep.deploy.faults.Fault.kill;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.deploy.faults.Fault;
import dev.lockstep.deploy.faults.FaultPoint;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.output.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whichever executor is killed, and whenever, the model is that of a cluster without faults. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class FaultedTrainingIT {

  private static final int EPOCHS = 6;

  @TempDir private static Path folder;
  private SparkCluster cluster;
  private FaultedTraining training;
  private TrainingResult reference;

  @BeforeAll
  void trainWithoutFaults() throws IOException {
    ShardedDataset dataset = DigitShards.write(folder.resolve("data"), 437);
    cluster = SparkCluster.start("local-cluster[2,1,2048]", FaultedTraining.settings(folder));
    training = new FaultedTraining(cluster, folder, dataset);
    reference =
        training.withoutFaults(FaultedTraining.config().optimization(o -> o.epochs(EPOCHS)));
  }

  @AfterAll
  void stop() {
    cluster.close();
  }

  @Test
  void sameRunAfterExecutorsDiedDuringAPushAndDuringACheckpointAndAtTheNextStart()
      throws IOException {
    sameRunDespite(
        kill(FaultPoint.MID_PUSH, 8),
        kill(FaultPoint.SHARD_BYTES, 20),
        kill(FaultPoint.CONNECTING, 0));
  }

  @Test
  @Tag("soak")
  void sameRunAfterExecutorsDiedBeforeAPushAndAfterTheReduction() throws IOException {
    sameRunDespite(kill(FaultPoint.BEFORE_PUSH, 8), kill(FaultPoint.AFTER_REDUCE, 34));
  }

  private void sameRunDespite(Fault... faults) throws IOException {
    FaultedTraining.Outcome outcome =
        training.train(
            FaultedTraining.config()
                .optimization(o -> o.epochs(EPOCHS))
                .cluster(c -> c.workers(2).minWorkers(2)),
            List.of(faults));
    outcome.recoveries().forEach(System.out::println);
    outcome.requireSameRun(reference);
    assertTrue(outcome.attempts() > faults.length, outcome::toString);
  }
}
