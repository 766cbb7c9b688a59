package dev.lockstep.trainer.numeric;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Everything outside Lockstep's own code that decides the bits of a gradient on a CPU: which
 * natives, how many BLAS threads, which kernels. Under one profile the same training gives the same
 * bits on every machine. Crosses from driver to executors.
 *
 * <p>The native libraries read {@link #environment()} when they are loaded, so it must be in the
 * environment of a JVM before ND4J is first touched there. {@link #verify(Map)} needs no ND4J;
 * {@link LoadedNatives#of(NumericProfile)} looks at what was really loaded.
 *
 * @param name how users call it
 * @param natives classifier of the {@code nd4j-native} jar, for example {@code
 *     linux-x86_64-onednn-avx2}; or {@link #ANY}
 * @param threads OpenMP and BLAS threads, at least 1
 * @param openblasCoreType OpenBLAS's kernel set, or {@link #ANY}
 * @param onednnIsa newest instruction set that oneDNN may use, or {@link #ANY}
 * @param blas the BLAS library
 */
public record NumericProfile(
    String name, String natives, int threads, String openblasCoreType, String onednnIsa, Blas blas)
    implements Serializable {

  /** Which BLAS library multiplies matrices. */
  public enum Blas {
    /** Comes with the natives. */
    OPENBLAS
  }

  /** The value of a field that the profile leaves to the machine. */
  public static final String ANY = "any";

  /** The constant default: the same bits on any x86-64 CPU with AVX2. */
  public static final NumericProfile AVX2 =
      new NumericProfile("avx2", "linux-x86_64-onednn-avx2", 1, "Haswell", "AVX2", Blas.OPENBLAS);

  /** Faster where every CPU has AVX-512; fails on others. */
  public static final NumericProfile AVX512 =
      new NumericProfile(
          "avx512", "linux-x86_64-onednn-avx512", 1, "SkylakeX", "AVX512_CORE", Blas.OPENBLAS);

  /** Natives without instruction-set extensions and without oneDNN. */
  public static final NumericProfile GENERIC =
      new NumericProfile("generic", "linux-x86_64", 1, "Prescott", ANY, Blas.OPENBLAS);

  /** Whatever natives are there, kernels as the CPU has them: bits follow the machine. */
  public static final NumericProfile NATIVE =
      new NumericProfile("native", ANY, 1, ANY, ANY, Blas.OPENBLAS);

  /** Checks the values. */
  public NumericProfile {
    if (name == null || name.isBlank()) {
      throw new IllegalArgumentException("numeric profile name is blank: give it a name");
    }
    if (threads < 1) {
      throw new IllegalArgumentException(
          "numeric profile " + name + ": threads=" + threads + " < 1: use at least 1");
    }
  }

  /**
   * The profile that users call by this name.
   *
   * @throws IllegalArgumentException if there is none, naming those there are
   */
  public static NumericProfile named(String name) {
    for (NumericProfile profile : all()) {
      if (profile.name.equals(name.toLowerCase(Locale.ROOT))) {
        return profile;
      }
    }
    throw new IllegalArgumentException(
        "numeric profile "
            + name
            + " is unknown: choose one of "
            + all().stream().map(NumericProfile::name).toList());
  }

  /** All named profiles, the default first. */
  public static List<NumericProfile> all() {
    return List.of(AVX2, AVX512, GENERIC, NATIVE);
  }

  /**
   * What the environment of every JVM that computes must hold; by name, in alphabetical order. The
   * launcher sets it for the driver and {@code spark.executorEnv.*} for executors.
   */
  public SortedMap<String, String> environment() {
    SortedMap<String, String> environment = new TreeMap<>();
    environment.put("OMP_NUM_THREADS", Integer.toString(threads));
    if (!openblasCoreType.equals(ANY)) {
      environment.put("OPENBLAS_CORETYPE", openblasCoreType);
    }
    if (!onednnIsa.equals(ANY)) {
      environment.put("DNNL_MAX_CPU_ISA", onednnIsa);
    }
    return Collections.unmodifiableSortedMap(environment);
  }

  /** Checks this JVM's environment; call it before ND4J is first touched. */
  public void verify() {
    verify(System.getenv());
  }

  /**
   * Checks an environment, without touching ND4J.
   *
   * @throws IllegalStateException naming each variable that differs and the settings to add
   */
  public void verify(Map<String, String> actual) {
    List<String> differing = new ArrayList<>();
    for (Map.Entry<String, String> wanted : environment().entrySet()) {
      String value = actual.get(wanted.getKey());
      if (!wanted.getValue().equals(value)) {
        differing.add(
            wanted.getKey()
                + "="
                + (value == null ? "(not set)" : value)
                + ", wanted "
                + wanted.getValue());
      }
    }
    if (!differing.isEmpty()) {
      throw new IllegalStateException(
          "numeric profile "
              + name
              + " is not in this JVM's environment: "
              + String.join("; ", differing)
              + ". Start the driver with\n"
              + driverSettings()
              + "\nand add for the executors\n"
              + executorSettings());
    }
  }

  /** Shell assignments for the process that starts the driver, one line. */
  public String driverSettings() {
    List<String> assignments = new ArrayList<>();
    environment().forEach((key, value) -> assignments.add(key + "=" + value));
    return String.join(" ", assignments);
  }

  /** {@code --conf spark.executorEnv.X=Y}, one a line. */
  public String executorSettings() {
    List<String> lines = new ArrayList<>();
    environment()
        .forEach((key, value) -> lines.add("--conf spark.executorEnv." + key + "=" + value));
    return String.join("\n", lines);
  }
}
