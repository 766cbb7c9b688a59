package dev.lockstep.deploy;

import static dev.lockstep.deploy.faults.Fault.kill;

import dev.lockstep.deploy.faults.FaultPoint;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.trainer.Lockstep;
import dev.lockstep.trainer.output.TrainingResult;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A command whose driver was killed resumes when it is submitted again, on any cluster. */
@Tag("soak")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ResubmittedDriverIT {

  private static final int EPOCHS = 8;

  @TempDir private Path folder;

  @Test
  void sameRunAfterTheDriverDiedDuringTrainingAndDuringAManifestWithOtherNumbersOfWorkers()
      throws Exception {
    ShardedDataset dataset = DigitShards.write(folder.resolve("data"), 437);
    FaultedCommand command =
        new FaultedCommand(
            folder,
            folder.resolve("run"),
            folder.resolve("data"),
            "--epochs=" + EPOCHS,
            "--batch-size=16",
            "--validation-fraction=0.1",
            "--checkpoint-every=10steps");

    command.submitAndDie(kill(FaultPoint.REPORT_HEARD, 12), "local-cluster[2,1,1024]");
    command.submitAndDie(
        kill(FaultPoint.MANIFEST_BYTES, 20), "local-cluster[2,1,1024]", "--workers=1");
    CommandProcess.Ended ended = command.submitAndFinish("local-cluster[1,1,1024]");

    TrainingResult reference;
    try (SparkCluster cluster = SparkCluster.start("local[1]")) {
      reference =
          Lockstep.train(
              cluster.context(),
              FaultedTraining.model(dataset),
              dataset,
              FaultedTraining.config()
                  .optimization(o -> o.epochs(EPOCHS))
                  .output(o -> o.folder(folder.resolve("reference").toString()))
                  .build());
    }
    command.requireSameRun(ended, reference);
  }
}
