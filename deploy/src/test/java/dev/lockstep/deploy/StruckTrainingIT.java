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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whichever executor is killed, and whenever, the model is that of a cluster without faults. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class StruckTrainingIT {

  private static final int EPOCHS = 6;

  @TempDir private static Path folder;
  private TestCluster cluster;
  private StruckTraining training;
  private TrainingResult unharmed;

  @BeforeAll
  void trainWithoutFaults() throws IOException {
    ShardedDataset dataset = DigitShards.write(folder.resolve("data"), 437);
    cluster = TestCluster.start("local-cluster[2,1,2048]", StruckTraining.settings(folder));
    training = new StruckTraining(cluster, folder, dataset);
    unharmed = training.withoutFaults(StruckTraining.config().epochs(EPOCHS));
  }

  @AfterAll
  void stop() {
    cluster.close();
  }

  @Test
  void executorsKilledBeforeAPushInItsMiddleAndAfterTheReduceAreMadeUpFor() throws IOException {
    struck(
        kill(FaultPoint.BEFORE_PUSH, 8),
        kill(FaultPoint.MID_PUSH, 21),
        kill(FaultPoint.AFTER_REDUCE, 34));
  }

  @Test
  void anExecutorKilledDuringASnapshotAndAnotherAsTheNextLaunchBeginsAreMadeUpFor()
      throws IOException {
    struck(kill(FaultPoint.SHARD_BYTES, 20), kill(FaultPoint.GREETING, 0));
  }

  private void struck(Fault... faults) throws IOException {
    StruckTraining.Outcome outcome =
        training.train(
            StruckTraining.config().epochs(EPOCHS).workers(2).minWorkers(2), List.of(faults));
    outcome.recoveries().forEach(System.out::println);
    outcome.requireUnharmed(unharmed);
    assertTrue(outcome.launches() > faults.length, outcome::toString);
  }
}
