package dev.lockstep.trainer.model.replica;

import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.trainer.loop.GradientSource.ExampleSums;
import dev.lockstep.trainer.loop.GradientSource.Position;
import dev.lockstep.trainer.model.ModelDefinition;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.numeric.LoadedNatives;
import dev.lockstep.trainer.numeric.NumericProfile;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * What a JVM computes for a fixed probe of a model, as a hash: JVMs with equal hashes give the same
 * bits in training. The other fields say why they might not. Crosses from executors to the driver.
 *
 * @param sha256 of the probe's parameters, gradients and losses, in lower-case hexadecimal
 * @param profile name of the numeric profile
 * @param natives classifier of the natives that are loaded
 * @param blas file of the BLAS library that is loaded
 * @param cpu the CPU's model name
 * @param cLibrary version of the host's C library, whose math functions the natives call
 */
public record NumericFingerprint(
    String sha256, String profile, String natives, String blas, String cpu, String cLibrary)
    implements Serializable {

  static final long PROBE_SEED = 0x10c25e90L;

  /**
   * Computes the probe: gradients of synthetic examples, at the micro-batch size and at a ragged
   * one. Verifies the profile first.
   *
   * @param definition the model
   * @param profile that this JVM must have
   * @param options of the replicas
   * @param tensors of the dataset
   * @param microBatch examples of a micro-batch, at least 1
   * @throws IllegalStateException if the profile is not in force
   */
  public static NumericFingerprint probe(
      ModelDefinition definition,
      NumericProfile profile,
      ReplicaOptions options,
      List<TensorSpec> tensors,
      int microBatch) {
    profile.verify();
    LoadedNatives natives = LoadedNatives.of(profile);
    MessageDigest digest = DigestUtils.getSha256Digest();
    try (ModelReplica replica = ModelReplica.open(definition, options)) {
      float[] theta = BuiltModel.of(definition, PROBE_SEED).initialParameters();
      float[] gradient = new float[theta.length];
      update(digest, theta);
      replica.setParameters(theta);
      int ragged = Math.max(1, microBatch - microBatch / 3 - 1);
      for (int examples : List.of(microBatch, ragged)) {
        ExampleSums sums =
            replica.gradient(
                SyntheticExamples.of(tensors, examples), new Position(PROBE_SEED, 0, 0), gradient);
        update(digest, gradient);
        digest.update(ByteBuffer.allocate(Double.BYTES).putDouble(sums.loss()).flip());
      }
    }
    return new NumericFingerprint(
        HexFormat.of().formatHex(digest.digest()),
        profile.name(),
        natives.classifier(),
        natives.blas(),
        cpuModel(),
        CLibrary.VERSION);
  }

  /**
   * All hashes that took part in the steps of a run, each once.
   *
   * @param before those of the steps before, as this method joined them; null where there are none
   * @param now those of the steps since
   */
  public static String joined(String before, List<String> now) {
    Stream<String> earlier = before == null ? Stream.of() : Stream.of(before.split("\\+", -1));
    return Stream.concat(earlier, now.stream())
        .distinct()
        .sorted()
        .collect(Collectors.joining("+"));
  }

  /** Whether several hashes were joined. */
  public static boolean isMixed(String joined) {
    return joined.contains("+");
  }

  /** One line for people. */
  public String description() {
    return sha256.substring(0, 12)
        + " ("
        + profile
        + ", "
        + natives
        + ", "
        + blas
        + ", "
        + cpu
        + ", "
        + cLibrary
        + ")";
  }

  private static void update(MessageDigest digest, float[] values) {
    int step = 1 << 14;
    ByteBuffer bytes = ByteBuffer.allocate(step * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0; from < values.length; from += step) {
      int count = Math.min(step, values.length - from);
      bytes.clear().asFloatBuffer().put(values, from, count);
      digest.update(bytes.limit(count * Float.BYTES));
    }
  }

  private static String cpuModel() {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("unknown");
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }

  /** Asked for once, when first wanted: it starts a process. */
  private static final class CLibrary {
    static final String VERSION = version();

    private static String version() {
      try {
        Process process = new ProcessBuilder("getconf", "GNU_LIBC_VERSION").start();
        process.getOutputStream().close();
        String line =
            new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return line.isEmpty() ? "unknown" : line;
      } catch (IOException e) {
        return "unknown";
      }
    }
  }
}
