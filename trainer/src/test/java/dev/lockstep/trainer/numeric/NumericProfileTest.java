package dev.lockstep.trainer.numeric;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.model.BuiltInOptions;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.replica.Fixtures;
import dev.lockstep.trainer.model.replica.NumericFingerprint;
import dev.lockstep.trainer.model.replica.ReplicaOptions;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The profile is checked, not hoped for. */
class NumericProfileTest {
  private static final List<TensorSpec> TABLE = List.of(Fixtures.features(12), Fixtures.classes(4));

  @Test
  void theDefaultIsAConstantWhateverTheCpu() {
    assertEquals(
        Map.of("OMP_NUM_THREADS", "1", "OPENBLAS_CORETYPE", "Haswell", "DNNL_MAX_CPU_ISA", "AVX2"),
        NumericProfile.named("avx2").environment());
    assertEquals("linux-x86_64-onednn-avx2", NumericProfile.AVX2.natives());
    assertEquals(NumericProfile.AVX2, NumericProfile.all().get(0));
  }

  @Test
  void anEnvironmentWithoutItIsRefusedWithTheExactSettings() {
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () ->
                NumericProfile.AVX2.verify(
                    Map.of("OMP_NUM_THREADS", "8", "OPENBLAS_CORETYPE", "Haswell")));
    assertEquals(
        """
        numeric profile avx2 is not in this JVM's environment: \
        DNNL_MAX_CPU_ISA=(not set), wanted AVX2; OMP_NUM_THREADS=8, wanted 1. \
        Start the driver with
        DNNL_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell
        and add for the executors
        --conf spark.executorEnv.DNNL_MAX_CPU_ISA=AVX2
        --conf spark.executorEnv.OMP_NUM_THREADS=1
        --conf spark.executorEnv.OPENBLAS_CORETYPE=Haswell\
        """,
        e.getMessage());
  }

  @Test
  void thisJvmHasTheDefaultProfile() {
    assertDoesNotThrow(() -> NumericProfile.AVX2.verify());
    assertEquals(NumericProfile.AVX2.natives(), LoadedNatives.of(NumericProfile.AVX2).classifier());
  }

  @Test
  void otherNativesThanTheProfilesAreRefused() {
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> LoadedNatives.of(NumericProfile.AVX512));
    assertTrue(
        e.getMessage()
            .startsWith(
                "numeric profile avx512 wants the natives linux-x86_64-onednn-avx512, but"
                    + " linux-x86_64-onednn-avx2 are loaded"),
        e.getMessage());
  }

  @Test
  void aClassPathWithoutNativesIsRefused() throws Exception {
    assertDoesNotThrow(LoadedNatives::requireOnClassPath);
    try (URLClassLoader none = new URLClassLoader(new URL[0], null)) {
      IllegalStateException e =
          assertThrows(IllegalStateException.class, () -> LoadedNatives.requireOnClassPathOf(none));
      assertTrue(e.getMessage().contains("--jars natives-PROFILE.jar"), e.getMessage());
    }
  }

  @Test
  void unknownNamesAreRefusedNamingTheKnown() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> NumericProfile.named("sse"));
    assertEquals(
        "numeric profile sse is unknown: choose one of [avx2, avx512, generic, native]",
        e.getMessage());
  }

  @Test
  void aProfileWithoutThreadsIsRefused() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                new NumericProfile(
                    "none",
                    NumericProfile.ANY,
                    0,
                    NumericProfile.ANY,
                    NumericProfile.ANY,
                    NumericProfile.Blas.OPENBLAS));
    assertEquals("numeric profile none: threads=0 < 1: use at least 1", e.getMessage());
  }

  @Test
  void theFingerprintFollowsFromModelAndKernels() {
    ModelDefinition model = ModelDefinition.builtIn("mlp:8", TABLE, BuiltInOptions.DEFAULT);
    NumericFingerprint first = probe(model, 16);
    assertEquals(first, probe(model, 16));
    assertEquals(64, first.sha256().length());
    assertEquals("avx2", first.profile());
    assertNotEquals(first.sha256(), probe(model, 8).sha256());
    assertNotEquals(
        first.sha256(),
        probe(ModelDefinition.builtIn("mlp:9", TABLE, BuiltInOptions.DEFAULT), 16).sha256());
  }

  private static NumericFingerprint probe(ModelDefinition model, int microBatch) {
    return NumericFingerprint.probe(
        model, NumericProfile.AVX2, ReplicaOptions.DEFAULT, TABLE, microBatch);
  }
}
