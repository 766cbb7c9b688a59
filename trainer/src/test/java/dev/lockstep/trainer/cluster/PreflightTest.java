package dev.lockstep.trainer.cluster;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.trainer.cli.SparkSessions;
import dev.lockstep.trainer.numeric.NumericProfile;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

/** A user's own Spark context that is not fit for training is refused with what to add. */
class PreflightTest {

  private static final NumericProfile PROFILE = NumericProfile.AVX2;

  private static SparkConf cluster() {
    return new SparkConf(false).setMaster("spark://somewhere:7077");
  }

  private static String refusal(SparkConf conf, Map<String, String> driver) {
    return assertThrows(
            UnfitSparkException.class, () -> Preflight.requireFit(conf, driver, PROFILE))
        .getMessage();
  }

  @Test
  void clustersNeedTheProfileInTheExecutorsEnvironment() {
    assertEquals(
        "spark.executorEnv={} of this Spark context != {DNNL_MAX_CPU_ISA=AVX2, OMP_NUM_THREADS=1,"
            + " OPENBLAS_CORETYPE=Haswell} of numeric profile avx2: create the context with\n"
            + "--conf spark.executorEnv.DNNL_MAX_CPU_ISA=AVX2\n"
            + "--conf spark.executorEnv.OMP_NUM_THREADS=1\n"
            + "--conf spark.executorEnv.OPENBLAS_CORETYPE=Haswell",
        refusal(cluster(), PROFILE.environment()));
    String other =
        refusal(
            SparkSessions.configure(
                cluster().set("spark.executorEnv.OMP_NUM_THREADS", "8"), PROFILE),
            PROFILE.environment());
    assertTrue(other.contains("OMP_NUM_THREADS=8"), other);
  }

  @Test
  void theDriverNeedsItToo() {
    String message =
        refusal(
            SparkSessions.configure(cluster(), PROFILE),
            Map.of("OMP_NUM_THREADS", "1", "DNNL_MAX_CPU_ISA", "AVX2"));
    assertTrue(
        message.startsWith(
            "numeric profile avx2 is not in this JVM's environment: OPENBLAS_CORETYPE=(not set),"
                + " wanted Haswell. Start the driver with\n"),
        message);
  }

  @Test
  void dynamicAllocationIsRefused() {
    SparkConf conf =
        SparkSessions.configure(cluster(), PROFILE).set("spark.dynamicAllocation.enabled", "true");
    assertEquals(
        "spark.dynamicAllocation.enabled=true: Spark has no barrier stages then; create the context"
            + " with --conf spark.dynamicAllocation.enabled=false",
        refusal(conf, PROFILE.environment()));
  }

  @Test
  void clustersWithTheProfileAreFit() {
    assertDoesNotThrow(
        () ->
            Preflight.requireFit(
                SparkSessions.configure(cluster(), PROFILE), PROFILE.environment(), PROFILE));
  }

  @Test
  void inLocalModeTheDriversEnvironmentIsTheExecutors() {
    for (String master : new String[] {"local", "local[2]", "local[*]"}) {
      assertDoesNotThrow(
          () ->
              Preflight.requireFit(
                  new SparkConf(false).setMaster(master), PROFILE.environment(), PROFILE));
    }
    String cluster =
        refusal(new SparkConf(false).setMaster("local-cluster[2,1,1024]"), PROFILE.environment());
    assertTrue(cluster.startsWith("spark.executorEnv={}"), cluster);
  }
}
