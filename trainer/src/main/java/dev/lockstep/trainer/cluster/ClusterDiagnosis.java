package dev.lockstep.trainer.cluster;

import dev.lockstep.trainer.config.TrainingException;
import dev.lockstep.trainer.numeric.LoadedNatives;
import dev.lockstep.trainer.numeric.NumericProfile;
import java.io.IOException;
import java.io.Serializable;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * What the driver and every executor look like to a training. Lives on the driver.
 *
 * @param slots tasks that can run at once
 * @param driver this JVM
 * @param executors one entry a JVM
 * @param problems that would stop a training; empty if none
 */
public record ClusterDiagnosis(int slots, Jvm driver, List<Jvm> executors, List<String> problems) {

  private static final Duration LONGEST = Duration.ofMinutes(2);

  /** Below this, DL4J's workspaces for more than toy models do not fit. */
  private static final long LEAST_OFF_HEAP = 512L << 20;

  /**
   * One JVM.
   *
   * @param host its host name
   * @param pid its process
   * @param java its version
   * @param processors that it may use
   * @param heapBytes largest heap
   * @param offHeapBytes most that DL4J may allocate outside the heap
   * @param avx512 whether the CPU has AVX-512
   * @param arithmetic the natives in use, or what is wrong with them
   * @param fit whether the numeric profile holds there
   */
  public record Jvm(
      String host,
      long pid,
      String java,
      int processors,
      long heapBytes,
      long offHeapBytes,
      boolean avx512,
      String arithmetic,
      boolean fit)
      implements Serializable {

    static Jvm here(NumericProfile profile) throws IOException {
      String arithmetic;
      boolean fit = true;
      try {
        profile.verify();
        LoadedNatives natives = LoadedNatives.of(profile);
        arithmetic = "natives " + natives.classifier() + ", BLAS " + natives.blas();
      } catch (IllegalStateException e) {
        fit = false;
        arithmetic = e.getMessage();
      }
      return new Jvm(
          InetAddress.getLocalHost().getHostName(),
          ProcessHandle.current().pid(),
          System.getProperty("java.version"),
          Runtime.getRuntime().availableProcessors(),
          Runtime.getRuntime().maxMemory(),
          fit ? LoadedNatives.mostOffHeapBytes() : 0,
          hasAvx512(),
          arithmetic,
          fit);
    }

    private static boolean hasAvx512() throws IOException {
      Path cpus = Path.of("/proc/cpuinfo");
      return Files.isReadable(cpus) && Files.readString(cpus).contains(" avx512f ");
    }

    private String name() {
      return "JVM " + pid + " on " + host;
    }
  }

  /** Looks at every JVM, by one barrier stage over all slots. Blocks. */
  public static ClusterDiagnosis of(JavaSparkContext spark, NumericProfile profile) {
    List<String> problems = new ArrayList<>();
    try {
      Preflight.requireFit(spark.sc(), profile);
    } catch (UnfitSparkException e) {
      problems.add(e.getMessage());
    }
    int slots = ClusterSlots.await(spark.sc(), 0, 1, Integer.MAX_VALUE, LONGEST);
    try {
      Jvm driver = Jvm.here(profile);
      List<Jvm> executors =
          BarrierStage.submit(spark, slots, context -> Jvm.here(profile))
              .get(LONGEST.toSeconds(), TimeUnit.SECONDS)
              .stream()
              .distinct()
              .sorted(Comparator.comparing(Jvm::host).thenComparingLong(Jvm::pid))
              .toList();
      for (Jvm jvm : executors) {
        if (!jvm.fit()) {
          problems.add(jvm.name() + ": " + jvm.arithmetic());
        } else if (jvm.offHeapBytes() > 0 && jvm.offHeapBytes() < LEAST_OFF_HEAP) {
          problems.add(
              String.format(
                  Locale.ROOT,
                  "%s: off-heap limit %d MB < %d MB: raise"
                      + " -Dorg.bytedeco.javacpp.maxbytes or the heap",
                  jvm.name(),
                  jvm.offHeapBytes() >> 20,
                  LEAST_OFF_HEAP >> 20));
        }
      }
      return new ClusterDiagnosis(slots, driver, executors, problems);
    } catch (ExecutionException | TimeoutException | IOException e) {
      throw new TrainingException("cannot look at the executors: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainingException("interrupted", e);
    }
  }

  /** What could be better; empty if nothing. */
  public List<String> advice() {
    List<String> advice = new ArrayList<>();
    boolean all = !executors.isEmpty() && executors.stream().allMatch(Jvm::avx512);
    if (all && executors.stream().allMatch(jvm -> jvm.arithmetic().contains("avx2"))) {
      advice.add(
          "every CPU has AVX-512: a build with -P natives-avx512 and --numeric-profile avx512 is"
              + " faster, and gives other bits than avx2");
    }
    return advice;
  }
}
