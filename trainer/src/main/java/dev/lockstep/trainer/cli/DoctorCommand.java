package dev.lockstep.trainer.cli;

import dev.lockstep.trainer.cli.options.StandardOptions;
import dev.lockstep.trainer.cluster.ClusterDiagnosis;
import dev.lockstep.trainer.numeric.NumericProfile;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep doctor}. */
@Command(
    name = "doctor",
    description = "Checks the driver and every executor: numeric profile, slots, memory.")
final class DoctorCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin StandardOptions standard;

  @Option(
      names = "--numeric-profile",
      defaultValue = "${env:LOCKSTEP_NUMERIC_PROFILE:-avx2}",
      paramLabel = "avx2|avx512|generic|native",
      description = "Numeric profile to check for (default: avx2).")
  private String numericProfile;

  @Override
  public Integer call() throws IOException {
    NumericProfile profile = NumericProfile.named(numericProfile);
    PrintWriter console = spec.commandLine().getOut();
    try (SparkSession session = SparkSessions.open("doctor", profile)) {
      ClusterDiagnosis diagnosis =
          ClusterDiagnosis.of(new JavaSparkContext(session.sparkContext()), profile);
      console.println("master           " + session.sparkContext().master());
      console.println("slots            " + diagnosis.slots());
      console.println("numeric profile  " + profile.name() + " " + profile.environment());
      print(console, "driver", diagnosis.driver());
      for (ClusterDiagnosis.Jvm executor : diagnosis.executors()) {
        print(console, "executor", executor);
      }
      List<String> problems = diagnosis.problems();
      problems.forEach(problem -> console.println("PROBLEM: " + problem));
      diagnosis.advice().forEach(advice -> console.println("advice: " + advice));
      console.println(problems.isEmpty() ? "ready to train" : "not ready to train");
      console.flush();
      return problems.isEmpty() ? 0 : 1;
    }
  }

  private static void print(PrintWriter console, String role, ClusterDiagnosis.Jvm jvm) {
    console.printf(
        Locale.ROOT,
        "%-16s %s pid %d, java %s, %d CPUs, heap %.1f GB, off-heap limit %.1f GB, %s%n",
        role,
        jvm.host(),
        jvm.pid(),
        jvm.java(),
        jvm.processors(),
        jvm.heapBytes() / 1e9,
        jvm.offHeapBytes() / 1e9,
        jvm.arithmetic());
  }
}
