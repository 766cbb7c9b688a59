package dev.lockstep.trainer.cli;

import static dev.lockstep.trainer.cli.Ended.lockstep;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.lockstep.trainer.config.TrainingConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigFileTest {

  @TempDir private Path folder;

  /** Among them each option of {@code train} that changes the configuration. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--epochs 3 --seed 7 --clip-norm inf --on-non-finite skip --optimizer adamw(lr=1e-2)"
            + " --lr-schedule cosine --scale-learning-rate sqrt --early-stopping loss:patience=2"
            + " --batch-size 5 --validation-fraction 0.2 --augment flip,crop:2,noise:0.1"
            + " --virtual-workers 6 --accumulate 2 --gradient-compression bfloat16"
            + " --overlap-depth 1 --checkpoint-every 10steps --keep-checkpoints 3 --keep-best loss"
            + " --max-attempts 2 --workers 2 --min-workers 2 --numeric-profile generic"
            + " --allow-mixed-bits --no-onednn --start-timeout 90s --overwrite --shuffle full"
            + " --shuffle-memory 1GiB",
        "--mode averaging --average-every 4 --outer nesterov --outer-rate 0.5 --outer-momentum 0.8"
            + " --local-state kept --post-local-from 2epochs --clip-value 0.5 --warm-start"
            + " --shuffle-window 99 --plateau patience=3 --validation-fraction 0.1",
        "--mode ssp --staleness 2 --optimizer sgd(lr=0.1,momentum=0.9)"
            + " --momentum-schedule onecycle-momentum --shuffle none",
      })
  void whatIsPrintedIsReadBack(String options) throws IOException {
    String printed = print(options.split(" "));
    Path file = Files.writeString(folder.resolve("config.json"), printed);
    assertEquals(printed, print("--config", file.toUri().toString()));
    assertEquals(printed, TrainingConfig.fromJson(printed).toJson() + System.lineSeparator());
    assertFalse(Files.exists(folder.resolve("run")), "nothing is started");
  }

  @Test
  void anOptionWinsOverTheFileAndTheFileOverTheDefault() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("config.json"),
            """
            {"version": 1, "optimization": {"epochs": 3, "optimizer": {"algorithm": "lamb",
             "learningRateSchedule": "cosine"}}, "data": {"batchSize": 4}}
            """);
    TrainingConfig config =
        TrainingConfig.fromJson(
            print("--config", file.toString(), "--epochs", "5", "--optimizer", "adamw(lr=0.5)"));
    assertEquals(5, config.optimization().epochs());
    assertEquals("adamw(lr=0.5)", config.optimization().optimizer().algorithm().toString());
    assertEquals("cosine", config.optimization().optimizer().learningRateSchedule());
    assertEquals(4, config.data().batchSize());
    assertEquals(42, config.optimization().seed());
  }

  @Test
  void theFileMayBeOnHdfs() throws IOException {
    Configuration settings = new Configuration();
    settings.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.toString());
    try (MiniDFSCluster cluster = new MiniDFSCluster.Builder(settings).numDataNodes(1).build()) {
      cluster.waitActive();
      String file = cluster.getURI() + "/config.json";
      try (FSDataOutputStream out =
          cluster.getFileSystem().create(new org.apache.hadoop.fs.Path(file))) {
        out.write(
            "{\"version\": 1, \"optimization\": {\"epochs\": 8}}".getBytes(StandardCharsets.UTF_8));
      }
      TrainingConfig config = TrainingConfig.fromJson(print("--config", file));
      assertEquals(8, config.optimization().epochs());
      lockstep(command("--config", cluster.getURI() + "/absent.json"))
          .refused(2, "/absent.json cannot be read: name a JSON file with --config")
          .beforeAnyJob();
    }
  }

  @Test
  void refusesAnAddressWithSecretsAndAFolder() {
    lockstep(command("--config", "hdfs://user:secret@host/config.json")).refused(2, "config=");
    lockstep(command("--config", folder.toString()))
        .refused(2, "config=" + folder + " cannot be read: name a JSON file with --config");
  }

  private String print(String... options) {
    return lockstep(command(options)).succeeded().beforeAnyJob().out();
  }

  private Object[] command(String... options) {
    List<Object> words =
        new ArrayList<>(
            List.of("train", "--print-config", "--model", "linear", "--data", "absent"));
    words.addAll(List.of("--out", folder.resolve("run").toUri().toString()));
    Arrays.stream(options).filter(each -> !each.isEmpty()).forEach(words::add);
    return words.toArray();
  }
}
