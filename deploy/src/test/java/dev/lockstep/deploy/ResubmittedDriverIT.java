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

/** A command whose driver is killed goes on when it is submitted again, on whatever cluster. */
@Tag("soak")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ResubmittedDriverIT {

  private static final int EPOCHS = 8;

  @TempDir private Path folder;

  @Test
  void aDriverKilledInMidRunAndInAManifestGoesOnWithOtherWorkers() throws Exception {
    ShardedDataset dataset = DigitShards.write(folder.resolve("data"), 437);
    StruckCommand command =
        new StruckCommand(
            folder,
            folder.resolve("run"),
            folder.resolve("data"),
            "--epochs=" + EPOCHS,
            "--batch-size=16",
            "--validation-fraction=0.1",
            "--checkpoint-every=10steps");

    command.submitToDie(kill(FaultPoint.REPORT_HEARD, 12), "local-cluster[2,1,1024]");
    command.submitToDie(
        kill(FaultPoint.MANIFEST_BYTES, 20), "local-cluster[2,1,1024]", "--workers=1");
    CommandProcess.Ended ended = command.submitToEnd("local-cluster[1,1,1024]");

    TrainingResult unharmed;
    try (TestCluster cluster = TestCluster.start("local[1]")) {
      unharmed =
          Lockstep.train(
              cluster.context(),
              StruckTraining.model(dataset),
              dataset,
              StruckTraining.config()
                  .epochs(EPOCHS)
                  .out(folder.resolve("unharmed").toString())
                  .build());
    }
    command.requireUnharmed(ended, unharmed);
  }
}
